"""What a process owes next: the answer of each record write, and all that its workflow needs to know.

The record's document in PostgreSQL is the state of the process. A workflow carries its agenda: the next
alarm, the errands to run outside, and the words that say what it waits for.
"""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from steadydesk.contracts.base import Contract
from steadydesk.contracts.language import LocalisedText

MOST_HANDLED = 1_000
"""Updates of one run of a process before it continues as new; the server's hard limit is 2,000."""


class WaitingKind(StrEnum):
    APPROVAL = "approval"
    INFORMATION = "information"
    TASK = "task"
    REQUESTER = "requester"
    CONNECTOR = "connector"
    DATE = "date"
    CHILD = "child"
    RESUBMISSION = "resubmission"
    DECISION = "decision"
    SURVEY = "survey"
    EXPIRY = "expiry"
    UNDO = "undo"
    OPENING = "opening"


class Waiting(Contract):
    """One thing that a record waits for. ``whom`` names groups and roles; people only by reference."""

    kind: WaitingKind
    subject: str = Field(description="The gate, task, step, child or line that it is about.")
    what: str
    label: LocalisedText | None = Field(
        default=None, description="What the organisation calls the approval, task or step in ``what``."
    )
    whom: str = Field(description="A group, role or system in words; never a person's name.")
    people: list[str] = Field(default_factory=list, description="References of the people, for views.")
    group: str | None = None
    since: datetime
    until: datetime | None = None
    then: str = Field(description="What happens at ``until``, or what ends the wait where there is no date.")


class ErrandKind(StrEnum):
    PERFORM = "perform"
    UNDO = "undo"
    OPEN_CHILD = "open_child"
    START_GRANT = "start_grant"
    TELL = "tell"
    CANCEL_CHILD = "cancel_child"
    RESCHEDULE_CHILD = "reschedule_child"
    EXTEND_GRANT = "extend_grant"


class Errand(Contract):
    """An effect outside of our records that the workflow runs as a regular activity."""

    key: str = Field(description="Stable over retries, resets and continue-as-new; the ledger's key.")
    kind: ErrandKind
    summary: str = Field(description="What operators read on the timeline; no personal data.")
    timeout_seconds: float = 60
    attempts: int = Field(default=5, description="0: without end.")
    first_retry_seconds: float = 1
    longest_retry_seconds: float = 60


class Alarm(Contract):
    """The next instant at which the process does something by itself."""

    at: datetime
    summary: str


class Facets(Contract):
    """The values of the search attributes; upserted only when one changes."""

    state: str
    assignment_group: str | None = None
    service: str | None = None
    waiting_for: str | None = None
    due: datetime | None = None
    priority: int = 3


class Agenda(Contract):
    """The process after a write."""

    version: int
    closed: bool = False
    errands: list[Errand] = Field(default_factory=list[Errand])
    stopped: list[str] = Field(default_factory=list, description="Keys of errands to stop, if in flight.")
    alarm: Alarm | None = None
    facets: Facets
    details: str = Field(default="", description="Markdown for the Temporal UI.")


class Answer(Contract):
    """What a write gives back: the agenda for the workflow, and the answer for whoever asked."""

    agenda: Agenda
    said: dict[str, str | int | bool | None] = Field(default_factory=dict)
