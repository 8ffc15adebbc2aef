"""What an event type is: the fields it carries, who hears of it, its webhook schema and its built-in mail."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field

from steadydesk.contracts.base import Contract
from steadydesk.contracts.language import Localised
from steadydesk.contracts.organisation import MessageTemplate


class FieldKind(StrEnum):
    """How a fact is stored in the outbox, and so how it is shown."""

    CODE = "code"
    """A word of our own: a state, a decision, a policy key."""
    CODES = "codes"
    LABEL = "label"
    """A text of the configuration in one or several languages; never a person's words."""
    COUNT = "count"
    INSTANT = "instant"
    """ISO 8601 with a zone; mails show it in the recipient's language and zone."""
    DAY = "day"
    """The same for the begin of a day that somebody named; mails show that day."""
    NUMBER = "number"
    """The number of a record."""
    PERSON = "person"
    """A person's id; mails show the name."""
    GROUP = "group"
    """A group's key; mails show its label."""
    WORDS = "words"
    """The reference of a stored text; mails quote it, webhooks never carry it."""


class FieldDoc(Contract):
    kind: FieldKind
    description: str


_STRINGS: Mapping[FieldKind, dict[str, Any]] = {
    FieldKind.CODE: {"type": "string"},
    FieldKind.CODES: {"type": "array", "items": {"type": "string"}},
    FieldKind.LABEL: {"type": ["string", "object"], "additionalProperties": {"type": "string"}},
    FieldKind.COUNT: {"type": "integer"},
    FieldKind.INSTANT: {"type": "string", "format": "date-time"},
    FieldKind.DAY: {"type": "string", "format": "date-time"},
    FieldKind.NUMBER: {"type": "string"},
    FieldKind.PERSON: {"type": "string", "pattern": "^p_[a-z0-9]{12}$"},
    FieldKind.GROUP: {"type": "string"},
}


COMMON_FIELDS = ("number", "subject", "title", "link", "organisation", "recipient")
"""What every template may read beside the fields of its event type."""


class EventType(Contract):
    """Something that happens and that somebody may want to hear of.

    ``fields`` documents the facts that a message may carry beside the common ones (number, subject, link).
    ``mandatory`` events reach people whatever their preferences say. ``about_record`` is false where the
    message's number need not be that of a record (a person, a delegation, a configuration version). A message
    of a ``to_process`` event with no audience goes to the process of its number.
    """

    key: str = Field(pattern=r"^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$")
    label: Localised
    outcomes: dict[str, Localised] = Field(
        default_factory=dict[str, Localised],
        description="The label where its fact ``outcome`` has this value.",
    )
    description: str
    audience_hint: str = Field(description="Who hears of it, in words.")
    fields: dict[str, FieldDoc]
    public: bool = Field(description="Whether webhooks may carry it.")
    about_record: bool = True
    mandatory: bool = False
    to_process: bool = False
    template: MessageTemplate = Field(
        description="What is sent where the organisation has no template of its own."
    )

    @property
    def wire_type(self) -> str:
        """The key as Standard Webhooks allows it: underscores for hyphens."""
        return self.key.replace("-", "_")

    def public_fields(self) -> dict[str, FieldDoc]:
        """The fields that a webhook carries: all but people's words."""
        return {name: doc for name, doc in self.fields.items() if doc.kind is not FieldKind.WORDS}

    def webhook_schema(self) -> dict[str, Any]:
        """JSON Schema 2020-12 of the webhook's body."""
        own = {
            name: _STRINGS[doc.kind] | {"description": doc.description}
            for name, doc in self.public_fields().items()
        }
        data = {
            "type": "object",
            "required": ["number", "link", "sequence"],
            "properties": _COMMON | own,
            "additionalProperties": False,
        }
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"urn:steadydesk:event:{self.key}",
            "description": self.description,
            "type": "object",
            "required": ["type", "timestamp", "data"],
            "properties": {
                "type": {"const": self.wire_type},
                "timestamp": {
                    "type": "string",
                    "format": "date-time",
                    "description": "When it happened, in UTC.",
                },
                "data": data,
            },
            "additionalProperties": False,
        }


_COMMON: dict[str, Any] = {
    "number": {"type": "string", "description": "The record, or what else it is about."},
    "subject": {"type": "string", "description": "The line, gate, task or step within the record."},
    "link": {"type": "string", "format": "uri", "description": "The page that shows it."},
    "sequence": {
        "type": "integer",
        "description": "Position in the stream of events; the cursor of a replay.",
    },
}

_KINDS: dict[FieldKind, dict[str, str]] = {
    FieldKind.CODE: {
        "state": "The state that it has now.",
        "outcome": "approved or rejected.",
        "gate": "The approval gate.",
        "policy": "The approval policy.",
        "close_code": "How it ended.",
        "problem": "The type of a failure.",
        "reason": "Why, in a word of our own.",
        "access": "What was asked for.",
        "version": "The digest of the configuration version.",
        "kind": "What kind of thing it is about.",
    },
    FieldKind.LABEL: {
        "item": "What was ordered.",
        "stage": "The stage of the approval.",
        "step": "The step of the plan.",
        "entitlement": "What is granted.",
        "because": "Why, in the words of the configuration.",
        "clock": "The promise that is measured.",
    },
    FieldKind.COUNT: {
        "percent": "How much of the promised time has passed.",
        "days": "Days that are left.",
        "serial": "The serial number of the configuration version.",
        "attempts": "How often it was tried.",
        "score": "From 1, bad, to 5, good.",
    },
    FieldKind.INSTANT: {
        "due": "By when something is owed.",
        "expected_at": "When it is expected to be complete.",
        "before": "When it was expected to be complete until now.",
        "until": "When it ends.",
        "since": "When it began.",
    },
    FieldKind.DAY: {"expires": "When what is granted ends."},
    FieldKind.NUMBER: {
        "task": "The task.",
        "line": "The line of the order.",
        "request": "The request behind it.",
        "about": "The record that it is about.",
    },
    FieldKind.PERSON: {
        "requester": "For whom it is.",
        "actor": "Who did it.",
        "assignee": "Who works on it.",
        "holder": "Who has what was granted.",
        "person": "The person that it is about.",
        "delegate": "Who acts for them.",
    },
    FieldKind.GROUP: {"group": "The group that works on it."},
    FieldKind.WORDS: {
        "text": "What a person asked, answered or said with it.",
    },
    FieldKind.CODES: {
        "fields": "The material fields that changed.",
        "owned": "Entries of the configuration, functions, groups and subscriptions.",
    },
}

FIELDS: Mapping[str, FieldDoc] = {
    name: FieldDoc(kind=kind, description=description)
    for kind, names in _KINDS.items()
    for name, description in names.items()
}
"""Every fact that any event carries: a name means the same everywhere."""


def event(
    key: str,
    label: tuple[str, str],
    description: str,
    audience: str,
    *,
    fields: str,
    subject: tuple[str, str],
    text: tuple[str, str],
    public: bool = True,
    about_record: bool = True,
    mandatory: bool = False,
    to_process: bool = False,
    outcomes: Mapping[str, tuple[str, str]] | None = None,
) -> EventType:
    """An event type with its texts in English and German; ``fields`` names entries of FIELDS."""
    return EventType(
        key=key,
        label=_both(label),
        outcomes={key: _both(words) for key, words in (outcomes or {}).items()},
        description=description,
        audience_hint=audience,
        fields={name: FIELDS[name] for name in fields.split()},
        public=public,
        about_record=about_record,
        mandatory=mandatory,
        to_process=to_process,
        template=MessageTemplate(subject=_both(subject), text=_both(text)),
    )


def _both(texts: tuple[str, str]) -> dict[str, str]:
    return {"en": _prose(texts[0]), "de": _prose(texts[1])}


def _prose(text: str) -> str:
    """Lines of a paragraph joined; an empty line begins the next one."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
