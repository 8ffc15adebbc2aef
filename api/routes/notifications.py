"""Notifications: the caller's in-app list, their preferences, and the catalogue of events."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from api.paging import DEFAULT_LIMIT, After, Limit
from api.positions import descending, position_of
from api.problems import refusals
from api.requests_read import viewer_of
from api.security import AccountHolder, Reader
from api.state import ServicesOf
from steadydesk.contracts.event_type import EventType
from steadydesk.contracts.events import EVENT_TYPES
from steadydesk.contracts.language import in_language
from steadydesk.contracts.notification import EventEntry, EventField, Notification, Preferences
from steadydesk.contracts.page import Page
from steadydesk.errors import InvalidInput, NotAllowed, UnknownRecord
from steadydesk.records import notification as records
from steadydesk.records.bell import LIST

router = APIRouter(tags=["notifications"], responses=refusals(NotAllowed))

_LARGEST_ID = 2**63 - 1
EntryId = Annotated[int, Path(ge=1, le=_LARGEST_ID)]


@router.get("/notifications", responses=refusals(InvalidInput))
async def list_notifications(
    caller: Reader,
    services: ServicesOf,
    unread: Annotated[bool, Query(description="Only what is not read yet.")] = False,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[Notification]:
    """Your list, the newest first. What you may no longer see is not in it."""
    async with services.engine.connect() as connection:
        found = await records.notifications(
            connection,
            viewer_of(caller),
            services.settings.public_url,
            limit=limit,
            before=position_of(after),
            unread=unread,
        )
    return descending(found, limit, lambda entry: entry.id)


@router.post("/notifications/{entry}/read", status_code=204, responses=refusals(UnknownRecord))
async def read_notification(caller: AccountHolder, services: ServicesOf, entry: EntryId) -> None:
    """You have read it. Again, nothing changes."""
    async with services.engine.begin() as connection:
        await records.mark_read(connection, caller.id, entry, caller.now)
    services.bell.ring(f"{LIST}{caller.id}")


@router.get("/notifications/preferences")
async def read_preferences(caller: AccountHolder, services: ServicesOf) -> Preferences:
    """What you said; everything else reaches you by mail and in the list."""
    async with services.engine.connect() as connection:
        return await records.preferences_of(connection, caller.id)


@router.put("/notifications/preferences", responses=refusals(InvalidInput))
async def write_preferences(
    caller: AccountHolder, services: ServicesOf, preferences: Preferences
) -> Preferences:
    """All your choices at once. Mandatory events reach you all the same."""
    async with services.engine.begin() as connection:
        return await records.prefer(connection, caller.id, preferences)


@router.get("/events")
async def list_events(caller: Reader) -> list[EventEntry]:
    """Every event type: who hears of it, its fields, and the schema of its webhook."""
    language = caller.standing.person.language
    return [_entry(event, language) for event in EVENT_TYPES.values()]


def _entry(event: EventType, language: str) -> EventEntry:
    payload: dict[str, Any] | None = event.webhook_schema() if event.public else None
    return EventEntry(
        key=event.key,
        wire_type=event.wire_type,
        label=in_language(event.label, language),
        description=event.description,
        audience=event.audience_hint,
        public=event.public,
        mandatory=event.mandatory,
        fields={
            name: EventField(kind=doc.kind, description=doc.description) for name, doc in event.fields.items()
        },
        payload=payload,
    )
