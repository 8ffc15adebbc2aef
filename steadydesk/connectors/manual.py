"""The connector that says "a person does it": the default wherever no machine can."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from steadydesk.connectors.errors import NeedsPerson
from steadydesk.connectors.one_way import OneWay
from steadydesk.connectors.protocol import ConnectorCall, ConnectorResult, OperationFacts
from steadydesk.contracts.language import Localised, LocalisedText, in_language

_LONGEST = 4000
_BACK = {"en": "Take back what was done: {}", "de": "Zurücknehmen, was getan wurde: {}"}


def _short(text: LocalisedText) -> LocalisedText:
    if any(len(words) > _LONGEST for words in ([text] if isinstance(text, str) else text.values())):
        raise ValueError(f"at most {_LONGEST} characters")
    return text


Instruction = Annotated[Localised, AfterValidator(_short)]


class ManualConfiguration(BaseModel):
    """`instruction` and `undo` are what the person reads, by the configuration's author."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    instruction: Instruction
    undo: Instruction | None = None


class ManualConnector(OneWay):
    """Takes any operation; a person's own report stands in for its outcome."""

    def __init__(self, configuration: ManualConfiguration) -> None:
        self._instruction = configuration.instruction
        self._back = configuration.undo or _taken_back(configuration.instruction)
        super().__init__(self._back)

    def facts(self, operation: str) -> OperationFacts:
        del operation
        return OperationFacts(inputs=None, outputs=frozenset(), repeatable=True, by_person=True)

    async def perform(self, call: ConnectorCall) -> ConnectorResult:
        raise NeedsPerson(self._back if call.undoing else self._instruction)


def _taken_back(instruction: LocalisedText) -> LocalisedText:
    return {tag: words.format(in_language(instruction, tag)) for tag, words in _BACK.items()}
