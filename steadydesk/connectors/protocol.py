"""What every connector offers, and what a call and its result look like."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from pydantic import JsonValue, SecretStr

from steadydesk.connectors.errors import BadValue

IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")
LONGEST_TIMEOUT = timedelta(minutes=10)


class SecretScope(Protocol):
    """The secrets that one connector may use on behalf of one function (IT, HR, …)."""

    def resolve(self, reference: str, host: str) -> SecretStr:
        """Value of `secret://name` for use at `host`; raises SecretForbidden or SecretMissing."""
        ...


@dataclass(frozen=True, slots=True)
class ConnectorCall:
    """One effect at one target.

    `target` is the key of the connector in the configuration. `idempotency_key` is the ledger's key
    (`number:step:target`), the same for every repeat; an undo has a key of its own, and says so by `undoing`.
    `timeout` bounds the whole exchange. Values stay out of `repr`, and so out of logs.
    """

    target: str
    operation: str
    values: Mapping[str, JsonValue] = field(repr=False)
    idempotency_key: str
    secrets: SecretScope = field(repr=False)
    timeout: timedelta = timedelta(seconds=30)
    undoing: bool = False

    def __post_init__(self) -> None:
        if not IDEMPOTENCY_KEY.fullmatch(self.idempotency_key):
            raise BadValue("idempotency_key", "must be 1 to 200 visible ASCII characters")
        if not timedelta(0) < self.timeout <= LONGEST_TIMEOUT:
            raise BadValue("timeout", "must be above zero and at most ten minutes")


@dataclass(frozen=True, slots=True)
class ConnectorResult:
    """`external_reference` is the remote's own name for what was made (a ticket id, a Message-ID)."""

    outputs: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue], repr=False)
    external_reference: str | None = None


class Check(StrEnum):
    HOLDS = "holds"
    FAILS = "fails"
    CANNOT_TELL = "cannot_tell"


class Outcome(StrEnum):
    DONE = "done"
    NOT_DONE = "not_done"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Verification:
    check: Check
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """`result` is present when the outcome is DONE."""

    outcome: Outcome
    result: ConnectorResult | None = None


@dataclass(frozen=True, slots=True)
class OperationFacts:
    """What the configuration's linter and a task plan need to know of an operation before it runs.

    `inputs` are the values that must be given (None: any may be), `optional` those that may be. `outputs`
    are value names. `undo` is the name of the operation that takes it back, None when only a person can.
    `repeatable` says that a repeat with the same key is harmless; `settles` is how long after a lost answer
    `lookup` can tell what happened, None where it never can. `by_person`: no machine does it; `perform` raises
    NeedsPerson, and what the person reports are its outputs.
    """

    inputs: frozenset[str] | None
    outputs: frozenset[str]
    optional: frozenset[str] = frozenset()
    undo: str | None = None
    verifies: bool = False
    answers_lookup: bool = False
    effects: bool = True
    repeatable: bool = False
    settles: timedelta | None = None
    by_person: bool = False


@runtime_checkable
class Connector(Protocol):
    """Every method may raise any ConnectorFault, and nothing else on purpose. `verify` and `lookup`
    change nothing outside and may be repeated freely.
    """

    def facts(self, operation: str) -> OperationFacts:
        """Raises BadConfiguration when the operation does not exist."""
        ...

    async def perform(self, call: ConnectorCall) -> ConnectorResult:
        """Cause the effect once; safe to repeat only after Unavailable."""
        ...

    async def verify(self, call: ConnectorCall, result: ConnectorResult) -> Verification:
        """Look whether the effect of `perform` is there now."""
        ...

    async def undo(self, call: ConnectorCall, result: ConnectorResult) -> ConnectorResult:
        """Take the effect back; `call` is the performed one with the undo's own idempotency key.
        Raises NeedsPerson where no operation can.
        """
        ...

    async def lookup(self, call: ConnectorCall, result: ConnectorResult | None = None) -> Lookup:
        """Ask what became of `call.idempotency_key` after OutcomeUnknown. For an undo, `call.operation` is
        `facts(...).undo` and `result` that of the performed call.
        """
        ...
