"""One record write in the making: the locked document, and everything that will be written with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.assertion import SERVICE_ACTOR, Assertion, AuthenticationMethod, TextRef
from steadydesk.contracts.base import RecordDocument
from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.request import PlacedTask, RequestProcess
from steadydesk.policies.rights import Relation
from steadydesk.records.outbox import Message

P = TypeVar("P", bound=RecordDocument)


@dataclass(frozen=True)
class Actor:
    """Who does it: a person by reference, or the process itself."""

    person: str = SERVICE_ACTOR
    acting_for: str | None = None
    method: AuthenticationMethod = AuthenticationMethod.SERVICE

    @classmethod
    def of(cls, assertion: Assertion) -> "Actor":
        return cls(assertion.actor, assertion.acting_for, assertion.method)

    @property
    def whose_right(self) -> str:
        """The person who commands, or the one for whom a service account does; votes have rules of their own."""
        return self.acting_for or self.person


@dataclass(frozen=True)
class AuditEntry:
    event: str
    subject: str | None
    facts: dict[str, Any]


@dataclass
class Work(Generic[P]):
    """What a transition reads and collects; ``transition.write`` stores it all in one transaction."""

    connection: AsyncConnection
    organisation: Organisation
    calendars: Mapping[str, Calendar]
    process: P
    at: datetime
    step: str
    run: str
    actor: Actor
    entries: list[AuditEntry] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    journal: list[dict[str, Any]] = field(default_factory=list)
    votes: list[dict[str, Any]] = field(default_factory=list)
    answered: list[dict[str, Any]] = field(default_factory=list)
    """``gate`` and ``person`` of those who are not asked any more."""
    sights: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    gate_rows: list[dict[str, Any]] = field(default_factory=list)
    approvers: list[dict[str, Any]] = field(default_factory=list)
    gates: set[str] = field(default_factory=set)
    closed_tasks: list[PlacedTask] = field(default_factory=list)
    """Tasks that this transition ended: their rows are written though the document may have let them go since."""
    texts: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    """Answers to forms that have been read, by reference: they never change."""
    said: dict[str, str | int | bool | None] = field(default_factory=dict)
    everything: bool = False
    """Write every row that lists read anew, also of parts that have not changed."""

    def note(self, event: str, subject: str | None = None, **facts: object) -> None:
        """Put a row into the audit chain: states, references, digests; never words or form values."""
        self.entries.append(AuditEntry(event, subject, {key: plain(value) for key, value in facts.items()}))

    def keep_apart(self) -> None:
        """Keep what nobody waited for under a step of its own, lest the real one is taken for its repeat later."""
        self.step = f"{self.step}:early:{self.process.version}"

    def tell(self, event: str, audience: list[str], subject: str | None = None, **facts: object) -> None:
        """Put a message into the outbox; it is sent after the commit, whatever becomes of this process."""
        if not audience:
            return
        self.messages.append(
            Message(
                id=f"{self.process.number}:{self.step}:{len(self.messages)}",
                event=event,
                number=self.process.number,
                subject=subject,
                audience=sorted(set(audience)),
                facts={key: plain(value) for key, value in facts.items()},
                at=self.at,
            )
        )

    def write_down(self, kind: str, text: TextRef, subject: str | None = None) -> None:
        """Put somebody's words into the journal that people read."""
        self.texts.append(text.ref)
        self.journal.append(
            {
                "number": self.process.number,
                "kind": kind,
                "subject": subject,
                "author": self.actor.person,
                "text": text.ref,
                "digest": text.digest,
                "at": self.at,
            }
        )

    def show_to(
        self, subject: str, why: Relation, *, from_: datetime | None = None, until: datetime | None = None
    ) -> None:
        """Let a person (``p:``), group (``g:``) or a function's process owners (``f:``) see the record."""
        self.sights.append(
            {
                "subject": subject,
                "number": self.process.number,
                "why": why.value,
                "begins_at": from_,
                "until": until,
            }
        )

    def hide_from(self, subject: str, why: Relation) -> None:
        """End one way of seeing the record; others that the subject has stay."""
        self.show_to(subject, why, until=self.at)


RequestWork = Work[RequestProcess]


def plain(value: object) -> Any:
    """A JSON value of what an audit row or message may carry."""
    match value:
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case list() | tuple() | set():
            return [plain(each) for each in value]
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case None | bool() | int() | float():
            return value
        case _:
            return str(value)
