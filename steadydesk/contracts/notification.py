"""The in-app list and a person's choices of what reaches them how, as the API says them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from steadydesk.contracts.base import Contract
from steadydesk.contracts.event_type import FieldKind
from steadydesk.contracts.events import EVENT_TYPES


def _known(name: str) -> str:
    if name != "*" and name not in EVENT_TYPES:
        raise ValueError(f"'{name}' is no event; see GET /api/v1/events, or write * for all")
    return name


class Notification(Contract):
    """One entry of the list. ``title`` is what the record is called, where the reader still sees it."""

    id: int
    event: str
    label: str = Field(description="What happened, in the reader's language.")
    number: str
    title: str | None = None
    link: str = Field(
        description="The page on which its reader does what it asks for, else that of the record."
    )
    at: datetime
    read_at: datetime | None = None


class Preference(Contract):
    """Whether an event reaches the person by a channel; ``*`` stands for all events without a line."""

    event: Annotated[str, AfterValidator(_known)]
    channel: Literal["mail", "in_app"]
    wanted: bool


class Preferences(Contract):
    preferences: list[Preference] = Field(default_factory=list[Preference], max_length=200)


class EventField(Contract):
    kind: FieldKind
    description: str


class EventEntry(Contract):
    """One event type; ``payload`` is the JSON Schema of the webhook's body, if it has one."""

    key: str
    wire_type: str = Field(description="What `type` says in a webhook: the key with underscores.")
    label: str
    description: str
    audience: str
    public: bool
    mandatory: bool
    fields: dict[str, EventField]
    payload: dict[str, object] | None = None
