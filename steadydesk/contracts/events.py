"""The catalogue of event types: what people and webhooks may hear of."""

from steadydesk.contracts.event_type import FIELDS, EventType, FieldDoc, FieldKind, event
from steadydesk.contracts.events_approval import APPROVAL_EVENTS
from steadydesk.contracts.events_grant import GRANT_EVENTS
from steadydesk.contracts.events_organisation import ORGANISATION_EVENTS
from steadydesk.contracts.events_request import REQUEST_EVENTS
from steadydesk.contracts.events_task import TASK_EVENTS
from steadydesk.contracts.events_voice import VOICE_EVENTS

__all__ = ["EVENT_TYPES", "FIELDS", "EventType", "FieldDoc", "FieldKind", "event_type"]

EVENT_TYPES: dict[str, EventType] = {
    event.key: event
    for event in (
        *REQUEST_EVENTS,
        *APPROVAL_EVENTS,
        *TASK_EVENTS,
        *GRANT_EVENTS,
        *VOICE_EVENTS,
        *ORGANISATION_EVENTS,
    )
}


def event_type(key: str) -> EventType:
    """The type of this key; for one that only a newer release knows, a bare and private one, so that its
    audience still hears that something happened.
    """
    return EVENT_TYPES.get(key) or event(
        "unknown.event",
        ("News", "Neuigkeit"),
        "An event that this release does not know.",
        "Whoever the message names.",
        fields="",
        subject=("{{ number }}: news", "{{ number }}: Neuigkeit"),
        text=("Something happened; the page says what.", "Es gibt Neues; die Seite zeigt es."),
        public=False,
    )
