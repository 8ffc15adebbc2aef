"""Commands into a request's workflow, and what its record writes say to each other."""

from datetime import date, datetime
from enum import StrEnum
from typing import Generic, Literal, TypeVar

from pydantic import Field

from steadydesk.contracts.agenda import Agenda
from steadydesk.contracts.assertion import Command, TextRef
from steadydesk.contracts.base import Contract
from steadydesk.contracts.gate import Decision


class OrderedItem(Contract):
    item: str
    quantity: int = 1
    variables: TextRef
    requested_for: str
    for_future_person: bool = Field(default=False, description="As its parent's line, or what it extends.")


class Order(Contract):
    """What was ordered, as the reservation keeps it; form values and words by reference."""

    number: str
    configuration: str
    opened_by: str
    requested_for: str
    items: list[OrderedItem]
    note: TextRef | None = None
    parent: str | None = None
    parent_step: str | None = None
    extends: str | None = None
    follows: str | None = None
    effective_at: datetime | None = None


class StartRequest(Contract):
    """The argument of the workflow; after continue-as-new it carries the agenda on."""

    number: str
    agenda: Agenda | None = None
    handled: list[str] = Field(default_factory=list, description="The last 1,000 command ids.")
    take_up: bool = Field(
        default=False, description="Started again after a termination: go on from the record."
    )


class Open(Command):
    """Open the reserved order."""


class Decide(Command):
    gate: str
    decision: Decision
    comment: TextRef | None = None


class ChangeApprovers(Command):
    gate: str
    add: str


class Cancel(Command):
    line: str | None = Field(default=None, description="None cancels every open line.")
    reason: TextRef | None = None


class Comment(Command):
    text: TextRef
    kind: Literal["comment", "work_note"] = "comment"


class Watch(Command):
    person: str
    add: bool = True


class Resubmit(Command):
    """Change a returned line (or a material field of one in approval) and start its approval anew."""

    line: str
    variables: TextRef
    quantity: int | None = None
    comment: TextRef | None = None


class Recall(Command):
    """Take a line back out of its approval, to change and resubmit it."""

    line: str
    reason: TextRef | None = None


class GiveBack(Command):
    """Return an approved line to its requester: what was done is taken back first."""

    line: str
    reason: TextRef | None = None


class Reschedule(Command):
    line: str | None = Field(default=None, description="None: every open line that has an effective date.")
    effective_at: datetime


class Move(Command):
    """Put a line into another state of the same phase, as its model allows."""

    line: str
    state: str
    text: TextRef | None = Field(default=None, description="The note that the state asks for.")


class AnswerSurvey(Command):
    score: int = Field(ge=1, le=5)
    comment: TextRef | None = None


class TaskAction(StrEnum):
    ASSIGN = "assign"
    START = "start"
    ASK = "ask"
    COMPLETE = "complete"
    SKIP = "skip"
    FAIL = "fail"
    RETRY = "retry"
    ABORT = "abort"


class ActOnTask(Command):
    task: str
    action: TaskAction
    assignee: str | None = None
    text: TextRef | None = None
    outputs: TextRef | None = None
    follow_up_on: date | None = Field(
        default=None, description="Of a question: the day of the first reminder, in the item's calendar."
    )


class TellRequest(Command):
    """A process's own message: a child ended, a person left, a grant wants a word."""

    event: Literal["child_ended", "person_left", "membership_ended", "grant_ended", "look"]
    subject: str | None = None
    outcome: str | None = None
    group: str | None = Field(default=None, description="That the person is not in any more.")


C = TypeVar("C", bound=Command)


class Write(Contract, Generic[C]):
    """One record write: whose record, the step's stable key, the workflow's time, and the command."""

    number: str
    step: str
    at: datetime
    run: str
    command: C


class Tick(Contract):
    """One record write that no person asked for: an alarm, an errand's end, taking up again."""

    number: str
    step: str
    at: datetime
    run: str
    errand: str | None = None
    outcome: "ErrandOutcome | None" = None


class OutcomeKind(StrEnum):
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    FAILED = "failed"
    STOPPED = "stopped"
    NEEDS_PERSON = "needs_person"


class ErrandOutcome(Contract):
    """How an errand ended; what came back stays in the database, by reference."""

    kind: OutcomeKind
    problem: str | None = None
    outputs: TextRef | None = None


class ErrandOrder(Contract):
    """The argument of the activity that runs an errand: everything else is read by its key."""

    number: str
    key: str
    attempts: int = Field(default=0, description="Attempts outside before it has failed; 0: no limit.")
