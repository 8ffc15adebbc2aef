"""Forms: the questions of a catalogue item or a task, published as JSON Schema 2020-12."""

from enum import StrEnum
from typing import Any, Self

from pydantic import Field, FiniteFloat, model_validator

from steadydesk.contracts.base import Contract
from steadydesk.contracts.language import Localised


class FieldKind(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long-text"
    CHOICE = "choice"
    MULTI_CHOICE = "multi-choice"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    PERSON = "person"
    GROUP = "group"
    CONFIGURATION_ITEM = "configuration-item"


class Choice(Contract):
    value: str
    label: Localised


class Condition(Contract):
    """Holds when the answer to ``field`` is one of ``values``."""

    field: str
    values: list[Any] = Field(min_length=1)


class FormField(Contract):
    kind: FieldKind = Field(
        description="A person or group must be in the directory, and whom an order names must not have left; a "
        "configuration item is any name, kept as it is typed: the portal suggests services, and there is no register "
        "to check it against."
    )
    label: Localised
    help: Localised | None = None
    required: bool = False
    required_when: Condition | None = None
    visible_when: Condition | None = None
    sensitive: bool = Field(
        default=False, description="Shown only to the step that needs it; reads are audited."
    )
    choices: list[Choice] = Field(default_factory=list[Choice])
    minimum: FiniteFloat | None = None
    maximum: FiniteFloat | None = None
    max_length: int = Field(default=2000, ge=1, le=20_000)
    pattern: str | None = None
    future_person: bool = Field(
        default=False,
        description="A 'person' field that also takes a name of somebody not in the directory yet.",
    )

    @model_validator(mode="after")
    def _choices_fit(self) -> Self:
        takes = self.kind in (FieldKind.CHOICE, FieldKind.MULTI_CHOICE)
        if takes and not self.choices:
            raise ValueError(f"a field of kind '{self.kind}' needs 'choices'")
        if not takes and self.choices:
            raise ValueError(f"a field of kind '{self.kind}' takes no 'choices'")
        return self


class Form(Contract):
    fields: dict[str, FormField] = Field(default_factory=dict)
