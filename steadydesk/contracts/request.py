"""A request as it runs: the document behind a ``REQ`` number, with its lines, steps and gates."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from pydantic import Field

from steadydesk.contracts.assertion import TextRef
from steadydesk.contracts.base import ProcessState, RecordDocument
from steadydesk.contracts.gate import Gate, Question
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.sla import SlaClock
from steadydesk.contracts.survey import SurveyState


class RequestState(StrEnum):
    """The roll-up of an order over its lines (ServiceNow's request states)."""

    OPEN = "open"
    IN_PROCESS = "in_process"
    CLOSED_COMPLETE = "closed_complete"
    CLOSED_INCOMPLETE = "closed_incomplete"
    CLOSED_SKIPPED = "closed_skipped"
    CANCELLED = "cancelled"


class TaskState(StrEnum):
    PENDING = "pending"
    OPEN = "open"
    WORK_IN_PROGRESS = "work_in_progress"
    CLOSED_COMPLETE = "closed_complete"
    CLOSED_INCOMPLETE = "closed_incomplete"
    CLOSED_SKIPPED = "closed_skipped"
    CANCELLED = "cancelled"

    @property
    def is_closed(self) -> bool:
        return self.value.startswith("closed") or self is TaskState.CANCELLED


class TaskPurpose(StrEnum):
    STEP = "step"
    DECIDE = "decide"
    """A step failed: retry, skip or abort."""
    UNDO = "undo"
    """What the plan could not take back by itself."""
    CALL_BACK = "call_back"


class StepState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    """An errand is under way."""
    OPEN = "open"
    """A person's task, a gate, a date or a child request is waited for."""
    DECIDING = "deciding"
    """It failed, and a person decides."""
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def has_ended(self) -> bool:
        return self in (StepState.DONE, StepState.SKIPPED, StepState.FAILED, StepState.STOPPED)


class UndoState(StrEnum):
    NOT_NEEDED = "not_needed"
    RUNNING = "running"
    OPEN = "open"
    """A person has the task."""
    DONE = "done"
    LEFT = "left"
    """A person declared that it stays as it is."""


class TaskRun(ProcessState):
    """A person's task (``SCTASK``)."""

    number: str
    purpose: TaskPurpose
    group: str
    state: TaskState = TaskState.OPEN
    assigned_to: str | None = None
    opened_at: datetime
    remind_at: datetime | None = None
    due_at: datetime | None = None
    overdue: bool = False
    """The due date has passed, and the group's manager knows."""
    ends_at: datetime | None = Field(default=None, description="The last date of an overdue task.")
    question: Question | None = None
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return not self.state.is_closed


class StepRun(ProcessState):
    state: StepState = StepState.PENDING
    attempt: int = 1
    task: TaskRun | None = None
    gates: list[str] = Field(default_factory=list)
    child: str | None = None
    dates: int = Field(default=0, description="How often the date of an opened child was moved.")
    dates_told: int = 0
    grant: str | None = None
    grant_handed_over: bool = False
    wake_at: datetime | None = None
    outputs: TextRef | None = None
    problem: str | None = Field(default=None, description="The type of the failure, never its text.")
    undo: UndoState | None = None
    undo_attempt: int = 1
    undo_task: TaskRun | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    order: int = Field(default=0, description="The rank in which steps ended; undone in reverse.")


class Line(ProcessState):
    """One ordered item (``RITM``)."""

    number: str
    item: str
    quantity: int = 1
    amount: float = 0
    currency: str = "EUR"
    variables: TextRef
    requested_for: str
    phase: Phase = Phase.RECEIVED
    state: str
    round: int = 1
    stages: list[str] = Field(default_factory=list, description="The stages that this round needs.")
    steps: dict[str, StepRun] = Field(default_factory=dict)
    clock: SlaClock
    expected_at: datetime | None = None
    effective_at: datetime | None = None
    held_since: datetime | None = None
    return_until: datetime | None = Field(default=None, description="When it is closed as refused.")
    return_reminded: bool = False
    recalled: bool = Field(default=False, description="Its requester took it back out of approval.")
    returning: bool = Field(default=False, description="What was done is taken back, then it is returned.")
    extends: str | None = Field(default=None, description="The grant that this line extends.")
    extension_told: bool = False
    extension_problem: str | None = Field(default=None, description="Why the grant could not be extended.")
    holder_left: bool = Field(default=False, description="What gives access goes at once.")
    for_future_person: bool = Field(default=False, description="'requested_for' only stands in for them.")
    close_code: str | None = None
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return not self.phase.is_closed


class PlacedTask(NamedTuple):
    """A task with where it belongs: its line and the key of its step, empty for a call-back."""

    line: Line
    step: str
    run: TaskRun


class RequestProcess(RecordDocument):
    """The whole state of one order."""

    salt: str = Field(description="Of the digests of material fields; never leaves the database.")
    function: str
    opened_by: str
    requested_for: str
    lines: list[Line]
    gates: dict[str, Gate] = Field(default_factory=dict)
    gate_count: int = 0
    ended_steps: int = 0
    in_their_place: list[str] = Field(default_factory=list)
    """Who acts for whom ordered it, since they left: a person (`p:`) or groups (`g:`)."""
    note: TextRef | None = None
    watchers: list[str] = Field(default_factory=list)
    let_watch_by: dict[str, str] = Field(
        default_factory=dict[str, str], description="Watchers whom somebody else named, and who that was."
    )
    restricted_to: list[str] = Field(default_factory=list)
    silent_until: datetime | None = None
    silent_about: list[str] = Field(
        default_factory=list, description="Who must not know until then; its parent's, and its own."
    )
    parent: str | None = None
    parent_step: str | None = None
    parent_told: bool = False
    follows: str | None = Field(default=None, description="The request that this one takes up.")
    state: RequestState = RequestState.OPEN
    survey: SurveyState = SurveyState.NONE
    survey_at: datetime | None = None
    call_back: TaskRun | None = None

    def line(self, number: str) -> Line:
        """The line with this number; LookupError where it is not of this order."""
        for line in self.lines:
            if line.number == number:
                return line
        raise LookupError(number)

    @property
    def may_be_followed(self) -> bool:
        """Whether some of it is closed, so that no command can take that up again."""
        return any(not line.is_open for line in self.lines)

    def tasks(self) -> Iterator[PlacedTask]:
        """Every task that the document has now; one that its step replaced is not among them."""
        for line in self.lines:
            for key, run in line.steps.items():
                yield from (PlacedTask(line, key, task) for task in (run.task, run.undo_task) if task)
        if self.call_back is not None:
            yield PlacedTask(self.lines[0], "", self.call_back)

    def customers(self, at: datetime, requested_for: str | None = None) -> list[str]:
        """The audience of news: who ordered or acts for them, for whom (unless it must be silent still), watchers."""
        people = {self.opened_by, *self.watchers, requested_for or self.requested_for} - self.kept_from(at)
        return sorted({f"p:{person}" for person in people} | set(self.in_their_place))

    def answering(self) -> list[str]:
        """The people who answer for whom ordered it: themselves; after they left, one person, or none but groups."""
        acting = [one.removeprefix("p:") for one in self.in_their_place if one.startswith("p:")]
        return acting if self.in_their_place else [self.opened_by]

    @property
    def beneficiaries(self) -> set[str]:
        """For whom it and its lines are."""
        return {self.requested_for, *(line.requested_for for line in self.lines)}

    @property
    def not_to_know(self) -> set[str]:
        """About whom it is silent; who ordered it knows."""
        return set(self.silent_about) - {self.opened_by}

    def kept_from(self, at: datetime) -> set[str]:
        """The same as long as the hour has not come."""
        return self.not_to_know if self.silent_until is not None and at < self.silent_until else set()

    def gates_of(self, line: Line) -> list[Gate]:
        """The gates of the line's present round, plan steps' gates apart."""
        return [
            gate
            for gate in self.gates.values()
            if gate.line == line.number and gate.round == line.round and gate.step is None
        ]
