"""The body of a webhook: references and states of one event, never people's words."""

import re
from collections.abc import Mapping
from typing import Any

from steadydesk.contracts.event_type import EventType, FieldDoc, FieldKind
from steadydesk.contracts.numbers import kind_of

_PERSON = re.compile(r"p_[a-z0-9]{12}")


def record_link(public_url: str, number: str) -> str:
    """The page of a record, or the start page for what is no record."""
    base = public_url.rstrip("/")
    return f"{base}/records/{number}" if kind_of(number) else base


def webhook_data(
    event: EventType,
    *,
    number: str,
    subject: str | None,
    sequence: int,
    facts: Mapping[str, Any],
    public_url: str,
) -> dict[str, Any]:
    """``data`` of the webhook's body: the common fields and those facts that the event's schema has.

    A fact that is not documented, or not of its documented kind, stays inside.
    """
    data: dict[str, Any] = {"number": number, "link": record_link(public_url, number), "sequence": sequence}
    if subject is not None:
        data["subject"] = subject
    for name, doc in event.public_fields().items():
        value = facts.get(name)
        if value is not None and _fits(value, doc):
            data[name] = value
    return data


def _fits(value: object, doc: FieldDoc) -> bool:
    match doc.kind:
        case FieldKind.COUNT:
            return isinstance(value, int) and not isinstance(value, bool)
        case FieldKind.LABEL:
            return isinstance(value, str | dict)
        case FieldKind.CODES:
            return isinstance(value, list)
        case FieldKind.PERSON:
            return isinstance(value, str) and _PERSON.fullmatch(value) is not None
        case _:
            return isinstance(value, str)
