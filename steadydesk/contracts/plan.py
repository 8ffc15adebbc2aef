"""The plan of a catalogue item as configuration: a DAG of steps, each with its way back."""

from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from steadydesk.contracts.base import BusinessTime, Contract, Key
from steadydesk.contracts.form import Form
from steadydesk.contracts.language import Localised


class StepKind(StrEnum):
    MANUAL = "manual"
    CONNECTOR = "connector"
    APPROVAL = "approval"
    WAIT = "wait"
    REQUEST = "request"


class OnFailure(StrEnum):
    FAIL = "fail"
    """Undo what was done, in reverse, and close the line incomplete."""
    SKIP = "skip"
    ASK = "ask"
    """A person decides: retry, skip or abort."""


class Value(Contract):
    """Where one value comes from: exactly one of a path, a literal or a CEL expression.

    Paths: ``variables.x``, ``steps.<step>.<output>``, ``requested_for.email``, ``order.number``,
    ``line.number``, ``line.effective_at``. Values enter requests only as JSON values.
    """

    path: str | None = Field(default=None, alias="from")
    value: Any = None
    cel: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        # A stored version leaves out what is None, so a literal null could not be told from no value at all.
        if sum(source is not None for source in (self.path, self.value, self.cel)) != 1:
            raise ValueError("give exactly one of 'from', 'value' or 'cel'")
        return self


class Retry(Contract):
    attempts: int = Field(default=5, ge=1, le=100)
    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=1)


class ConnectorCallDefinition(Contract):
    connector: Key
    operation: Key
    values: dict[str, Value] = Field(default_factory=dict)


class Undo(Contract):
    """How a step is taken back: by a connector, or by a person's task in ``group``."""

    call: ConnectorCallDefinition | None = None
    group: Key | None = None
    instruction: Localised | None = None
    nothing: Localised | None = Field(default=None, description="Why nothing needs to be taken back.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.call, self.group, self.nothing)) != 1:
            raise ValueError("give exactly one of 'call', 'group' (with 'instruction') or 'nothing'")
        if self.group is not None and self.instruction is None:
            raise ValueError("an undo by a group needs an 'instruction'")
        return self


class GrantDefinition(Contract):
    """What a step gives to a person until ``until``; the grant's own workflow revokes it by the undo."""

    entitlement: Localised
    access_or_money: bool = True
    until: Value | None = Field(
        default=None, description="The last day, or an instant; None: until the person leaves."
    )
    remind_before: timedelta = timedelta(days=7)


class Step(Contract):
    """One step; ``needs`` names the steps that must have ended first."""

    kind: StepKind
    label: Localised
    needs: list[Key] = Field(default_factory=list)
    when: str | None = Field(
        default=None, description="CEL over variables, order and steps; false skips the step."
    )
    on_failure: OnFailure = OnFailure.FAIL
    decide_within: BusinessTime = Field(
        default=timedelta(hours=16),
        description="How long a person has to decide on the failed step (`ask`) before the group's manager is told, "
        "and as long again before it has failed.",
    )
    timeout: timedelta = timedelta(minutes=1)
    retry: Retry = Retry()
    undo: Undo | None = None
    grant: GrantDefinition | None = None
    # manual, and connector where a person does what the connector is for
    group: Key | None = None
    instruction: Localised | None = None
    form: Form | None = None
    due: BusinessTime | None = None
    shows: list[str] = Field(default_factory=list, description="Sensitive variables that this step needs.")
    # connector
    call: ConnectorCallDefinition | None = None
    verify: bool = False
    # approval
    policy: Key | None = None
    # wait
    until: Value | None = None
    offset: timedelta = timedelta(0)
    # request
    item: Key | None = None
    variables: dict[str, Value] = Field(default_factory=dict)
    effective_at: Value | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            StepKind.MANUAL: ("group", "instruction"),
            StepKind.CONNECTOR: ("call",),
            StepKind.APPROVAL: ("policy",),
            StepKind.WAIT: ("until",),
            StepKind.REQUEST: ("item",),
        }[self.kind]
        for name in needed:
            if getattr(self, name) is None:
                raise ValueError(f"a step of kind '{self.kind}' needs '{name}'")
        return self


class Plan(Contract):
    steps: dict[Key, Step] = Field(default_factory=dict)
    starts: Literal["at-once", "effective-date"] = "at-once"
