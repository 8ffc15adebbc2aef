"""What connectors share whose effect a machine can neither look at afterwards nor take back."""

from steadydesk.connectors.errors import NeedsPerson
from steadydesk.connectors.protocol import (
    Check,
    ConnectorCall,
    ConnectorResult,
    Lookup,
    Outcome,
    Verification,
)
from steadydesk.contracts.language import LocalisedText


class OneWay:
    """`take_back` is the instruction for the person who repairs what was done."""

    def __init__(self, take_back: LocalisedText) -> None:
        self._take_back = take_back

    async def verify(self, call: ConnectorCall, result: ConnectorResult) -> Verification:
        del result
        return Verification(Check.CANNOT_TELL, f"{call.target} cannot be asked")

    async def undo(self, call: ConnectorCall, result: ConnectorResult) -> ConnectorResult:
        del call, result
        raise NeedsPerson(self._take_back)

    async def lookup(self, call: ConnectorCall, result: ConnectorResult | None = None) -> Lookup:
        del call, result
        return Lookup(Outcome.CANNOT_TELL)
