"""`docs/events.md`: every event type, who hears of it, and what its message carries."""

from docs.reference.markdown import code, one_line, page, table
from steadydesk.contracts.event_type import EventType
from steadydesk.contracts.events import EVENT_TYPES

INTRODUCTION = """\
What people and webhooks may hear of. [Notifications](notifications.md) says how a message travels and how a template is
written; `GET /api/v1/events` gives the JSON Schema of each webhook body. *Webhook* is the `type` on the wire, empty
where the event never leaves. *Mandatory* events reach people whatever their preferences say."""


def events_page() -> str:
    rows = (
        (
            code(event.key),
            one_line(event.description),
            one_line(event.audience_hint),
            _reach(event),
            _fields(event),
        )
        for event in EVENT_TYPES.values()
    )
    return page("Event types", INTRODUCTION, table(("event", "when", "who", "webhook", "fields"), rows))


def _reach(event: EventType) -> str:
    wire = code(event.wire_type) if event.public else ""
    return f"{wire} mandatory".strip() if event.mandatory else wire


def _fields(event: EventType) -> str:
    return ", ".join(code(name) for name in event.fields)
