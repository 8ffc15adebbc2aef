"""Who gets a message on which channel, when it is tried again, and when it has failed for good."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from steadydesk.contracts.delivery import Channel, DeliveryState
from steadydesk.contracts.event_type import EventType

ANY_EVENT = "*"

LONGEST_SEND = timedelta(seconds=30)
LEASE = timedelta(seconds=90)
"""How long a claim holds: for the longest send and for writing what came of it. A claim past it is a dead
worker's.
"""

OLDEST = timedelta(days=5)
"""What could not be tried for so long, because its target is away, is a dead letter."""


def _delays(*texts: str) -> tuple[timedelta, ...]:
    units = {"s": 1, "m": 60, "h": 3600}
    return tuple(timedelta(seconds=int(text[:-1]) * units[text[-1]]) for text in texts)


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Waits after the first, second, … failure; ``for_ever`` repeats the last one."""

    waits: tuple[timedelta, ...]
    for_ever: bool = False

    def wait_after(self, attempts: int) -> timedelta | None:
        """The wait after ``attempts`` failures (1, 2, …); None when that was the last try."""
        if attempts <= len(self.waits):
            return self.waits[attempts - 1]
        return self.waits[-1] if self.for_ever else None


SCHEDULES: Mapping[Channel, RetrySchedule] = {
    # The recommendation of Standard Webhooks: ten tries in a little more than three days.
    Channel.WEBHOOK: RetrySchedule(_delays("5s", "5m", "30m", "2h", "5h", "10h", "14h", "20h", "24h")),
    # RFC 5321 §4.5.4.1 asks for at least four or five days between first try and giving up.
    Channel.MAIL: RetrySchedule(_delays("1m", "5m", "15m", "1h", "3h", "6h", "12h", *["24h"] * 4)),
    Channel.PROCESS: RetrySchedule(_delays("1s", "5s", "30s", "1m", "5m"), for_ever=True),
}


class Outcome(StrEnum):
    """What came of one try."""

    SENT = "sent"
    AWAY = "away"
    """Nothing happened: worth another try."""
    UNKNOWN = "unknown"
    """The words were handed over and the answer was lost."""
    REFUSED = "refused"
    """The target said no for good."""
    NOT_ALLOWED = "not_allowed"
    """The recipient may not, or can no longer, have it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a delivery stands after a try; ``next_at`` is None when it has ended."""

    state: DeliveryState
    next_at: datetime | None
    problem: str | None = None


def after_try(
    channel: Channel,
    outcome: Outcome,
    *,
    attempts: int,
    now: datetime,
    problem: str | None = None,
    retry_after: timedelta | None = None,
) -> Standing:
    """The standing after ``attempts`` tries, the last of which ended with ``outcome``.

    A mail of unknown outcome is never tried again by itself, because its reader would see it twice; a
    webhook's receiver and a process drop a repeat by its id.
    """
    if outcome is Outcome.SENT:
        return Standing(DeliveryState.SENT, None)
    if outcome is Outcome.NOT_ALLOWED:
        return Standing(DeliveryState.SUPPRESSED, None, problem)
    if outcome is Outcome.REFUSED:
        return Standing(DeliveryState.DEAD, None, problem)
    if outcome is Outcome.UNKNOWN and channel is Channel.MAIL:
        return Standing(DeliveryState.UNCONFIRMED, None, problem)
    wait = SCHEDULES[channel].wait_after(attempts)
    if wait is None:
        return Standing(DeliveryState.DEAD, None, problem)
    return Standing(DeliveryState.QUEUED, now + max(wait, retry_after or timedelta(0)), problem)


def given_up(channel: Channel, now: datetime) -> Standing:
    """The standing of a claim whose worker died: nobody knows whether it had sent the message."""
    lost = "the worker ended while it was sending"
    if channel is Channel.MAIL:
        return Standing(DeliveryState.UNCONFIRMED, None, lost)
    return Standing(DeliveryState.QUEUED, now, lost)


Preferences = Mapping[tuple[str, str], bool]
"""(event type or ``*``, channel) to whether it is wanted."""


def wanted(event: EventType, channel: Channel, preferences: Preferences) -> bool:
    """What the person said of this event, else of all events, else yes; mandatory events ask nobody."""
    if event.mandatory:
        return True
    by_default = preferences.get((ANY_EVENT, channel.value), True)
    return preferences.get((event.key, channel.value), by_default)


@dataclass(frozen=True, slots=True)
class Addressee:
    """A person in the audience of a message, as the directory and the sight of records have them now."""

    person: str
    email: str | None
    active: bool
    service_account: bool
    sees: bool
    preferences: Preferences = field(default_factory=dict[tuple[str, str], bool])


@dataclass(frozen=True, slots=True)
class Planned:
    """A delivery or an in-app entry to write; ``suppressed`` says why it is not sent."""

    channel: Channel
    recipient: str
    suppressed: str | None = None


def plan_people(event: EventType, people: Iterable[Addressee], *, mail: bool) -> list[Planned]:
    """What to write for the audience; ``mail`` is whether there is a mail server.

    Service accounts read the API and subscribe to webhooks. One address gets a message once, also where
    two accounts share it.
    """
    planned: list[Planned] = []
    addresses: set[str] = set()
    for one in people:
        if one.service_account or not one.active:
            continue
        if not one.sees:
            planned.append(Planned(Channel.MAIL, one.person, "may not see the record"))
            continue
        if wanted(event, Channel.IN_APP, one.preferences):
            planned.append(Planned(Channel.IN_APP, one.person))
        if mail and wanted(event, Channel.MAIL, one.preferences):
            planned.extend(_mail_to(one, addresses))
    return planned


def _mail_to(one: Addressee, addresses: set[str]) -> Sequence[Planned]:
    if one.email is None:
        return [Planned(Channel.MAIL, one.person, "has no e-mail address")]
    if one.email.lower() in addresses:
        return []
    addresses.add(one.email.lower())
    return [Planned(Channel.MAIL, one.person)]


def subscribes(events: Sequence[str], event: EventType) -> bool:
    """Whether a subscription to ``events`` (keys, ``family.*`` or ``*``) takes this one."""
    family = f"{event.key.split('.')[0]}.*"
    return event.public and any(name in (event.key, family, ANY_EVENT) for name in events)


def delivery_id(outbox_id: str, channel: Channel, recipient: str) -> str:
    """The same for every repeat of a fan-out or replay; Message-ID and webhook-id follow from it."""
    words = f"{outbox_id}\n{channel.value}\n{recipient}"
    return f"d_{hashlib.sha256(words.encode()).hexdigest()[:32]}"
