"""The connector that says "a person does it": the default wherever no machine can."""

from pydantic import BaseModel, ConfigDict, Field

from steadydesk.connectors.errors import NeedsPerson
from steadydesk.connectors.one_way import OneWay
from steadydesk.connectors.protocol import ConnectorCall, ConnectorResult, OperationFacts


class ManualConfiguration(BaseModel):
    """`instruction` and `undo` are what the person reads, by the configuration's author."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    instruction: str = Field(min_length=1, max_length=4000)
    undo: str | None = Field(default=None, min_length=1, max_length=4000)


class ManualConnector(OneWay):
    """Takes any operation; a person's own report stands in for its outcome."""

    def __init__(self, configuration: ManualConfiguration) -> None:
        instruction = configuration.instruction
        super().__init__(configuration.undo or f"Take back what was done: {instruction}")
        self._instruction = instruction

    def facts(self, operation: str) -> OperationFacts:
        del operation
        return OperationFacts(inputs=None, outputs=frozenset())

    async def perform(self, call: ConnectorCall) -> ConnectorResult:
        del call
        raise NeedsPerson(self._instruction)
