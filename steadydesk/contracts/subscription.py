"""Webhook subscriptions and the log of their deliveries, as the API says them."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from steadydesk.contracts.base import Contract, PersonId
from steadydesk.contracts.delivery import Channel, DeliveryState
from steadydesk.contracts.events import EVENT_TYPES
from steadydesk.contracts.words import EMPTY_OR_NOT_BLANK

_PUBLIC = {event.key for event in EVENT_TYPES.values() if event.public}
_FAMILIES = {f"{key.split('.')[0]}.*" for key in _PUBLIC}


def _known(name: str) -> str:
    if name not in _PUBLIC | _FAMILIES | {"*"}:
        raise ValueError(
            f"'{name}' is no public event; see GET /api/v1/events, or write a family such as task.*"
        )
    return name


SubscribedEvent = Annotated[str, AfterValidator(_known)]
Events = Annotated[list[SubscribedEvent], Field(min_length=1, max_length=len(_PUBLIC))]
Url = Annotated[str, StringConstraints(min_length=8, max_length=2000, pattern=r"^https?://[^\s]+$")]
Label = Annotated[str, StringConstraints(max_length=200), EMPTY_OR_NOT_BLANK]


class NewSubscription(Contract):
    """Where to send which events. They are sent as their owner sees records, at the time of sending."""

    url: Url
    events: Events = Field(description="Keys, families such as `task.*`, or `*` for every public event.")
    label: Label = ""


class SubscriptionEdit(Contract):
    """The fields to change; a field that is not given stays."""

    url: Url | None = None
    events: Events | None = None
    label: Label | None = None
    active: bool | None = None


class Subscription(Contract):
    id: str
    owner: PersonId
    url: str
    label: str
    events: list[str]
    active: bool
    made_at: datetime
    ended_at: datetime | None = None
    cursor: int = Field(description="Events after this position are sent.")
    version: int
    secret: str | None = Field(default=None, description="Shown once: when it is made or renewed.")


class Replay(Contract):
    after: int = Field(ge=0, description="Send once more what came after this `sequence`.")


class Replayed(Contract):
    queued: int = Field(description="How many messages are sent once more.")
    after: int = Field(description="The position that was reached: go on from here.")
    more: bool = Field(description="Whether there may be more events after it.")


class _Sending(Contract):
    id: str
    sequence: int
    event: str
    channel: Channel
    target: str
    state: DeliveryState
    attempts: int
    next_at: datetime | None = None
    problem: str | None = None
    queued_at: datetime
    ended_at: datetime | None = None


class Delivery(_Sending):
    """One message to one recipient, as the log of a subscription shows it: states, no words."""

    number: str
    recipient: str


class DeadLetter(_Sending):
    """The same as operators see it."""

    number: str | None = Field(default=None, description="None of a restricted record that you do not see.")
    recipient: str | None = Field(default=None, description="None where `number` is.")
