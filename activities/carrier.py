"""A carrier takes one message to one target; what it raises says what may have happened."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.connectors.breaker import counts_as_failure
from steadydesk.connectors.errors import (
    BadConfiguration,
    BadValue,
    Blocked,
    ConnectorFault,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from steadydesk.contracts.delivery import Channel
from steadydesk.policies.delivery import Outcome

Send = Callable[[], Awaitable[None]]
"""Take the message there, once; raises ConnectorFault."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a message is not to be sent any more."""

    reason: str


class Carrier(Protocol):
    """One channel. Everything that can go wrong before the message leaves goes wrong in ``prepare``."""

    channel: Channel

    async def prepare(
        self, connection: AsyncConnection, ids: Sequence[str], now: datetime
    ) -> Mapping[str, Send | Withheld]:
        """For each delivery the way to send it, or why it is withheld; who may see what is asked anew."""
        ...


@dataclass(frozen=True, slots=True)
class Tried:
    """What one try came to. ``hurts`` counts against the target's breaker."""

    outcome: Outcome
    problem: str | None = None
    retry_after: timedelta | None = None
    hurts: bool = False


def outcome_of(error: Exception) -> Tried:
    """What an error says of the message. Errors that no connector raises on purpose say nothing of it."""
    match error:
        case Unavailable():
            return Tried(Outcome.AWAY, error.message, error.retry_after, hurts=True)
        case OutcomeUnknown():
            return Tried(Outcome.UNKNOWN, error.message, hurts=True)
        case Refused() | BadValue():
            return Tried(Outcome.REFUSED, error.message)
        case Blocked() | BadConfiguration():
            # The set-up is wrong, not the message: it waits until somebody has put that right.
            return Tried(Outcome.AWAY, error.message, hurts=True)
        case ConnectorFault():
            return Tried(Outcome.REFUSED, error.message)
        case _:
            return Tried(Outcome.UNKNOWN, type(error).__name__, hurts=counts_as_failure(error))
