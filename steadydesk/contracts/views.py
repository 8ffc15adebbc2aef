"""What readers get: requests, lines, approvals, tasks and timelines as views, never the document itself."""

from datetime import datetime
from typing import Any

from pydantic import Field

from steadydesk.contracts.agenda import Waiting
from steadydesk.contracts.base import Contract


class PersonRef(Contract):
    id: str
    name: str
    user_name: str | None = None


class ApproverView(Contract):
    person: PersonRef
    state: str
    capacity: str = Field(description="Why they are asked: own, manager, group:<key>, added, fallback:<key>.")
    decided_by: PersonRef | None = Field(
        default=None, description="Who cast the vote that counts for them: themselves or a delegate."
    )
    decided_at: datetime | None = None


class FieldChange(Contract):
    """A material field that is not as the same stage decided on it before."""

    field: str
    known: bool = Field(
        default=False, description="False where the values are confidential, or what was decided on is gone."
    )
    before: Any = None
    after: Any = None


class ApprovalView(Contract):
    """A gate; ``id`` is what a decision names."""

    id: str
    number: str = Field(description="The request.")
    line: str | None = None
    policy: str
    stage: str
    label: str
    state: str
    opened_at: datetime
    due_at: datetime | None = None
    closed_at: datetime | None = None
    reason: str | None = None
    changed: list[str] = Field(
        default_factory=list[str],
        description="On re-approval: the fields that differ from what this stage decided on before.",
    )
    changes: list[FieldChange] | None = Field(
        default=None, description="The same fields with their values; in the view of one approval alone."
    )
    approvers: list[ApproverView] = Field(default_factory=list[ApproverView])


class RecordView(Contract):
    """What every numbered record shows."""

    number: str
    kind: str
    owner: str
    parent: str | None = None
    function: str | None = None
    short_description: str
    state: str
    phase: str = Field(
        description="Of a line what its process knows of the state; of an open request the phase of that line "
        "which tells most, else its state; of a task its purpose."
    )
    open: bool
    item: str | None = None
    quantity: int | None = None
    amount: float | None = None
    currency: str | None = None
    opened_by: PersonRef
    caller: PersonRef
    assignment_group: str | None = None
    assigned_to: PersonRef | None = None
    service: str | None = None
    priority: int
    due_at: datetime | None = None
    expected_at: datetime | None = None
    effective_at: datetime | None = None
    late: bool
    close_code: str | None = None
    restricted: bool
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    version: int
    waiting: list[Waiting] = Field(default_factory=list[Waiting])


class LineView(RecordView):
    """Its number is empty while the order is still being received."""

    progress: str | None = Field(
        default=None,
        description="Steps of the plan that are done and not taken back, of those that are not skipped: 2/5.",
    )
    variables: dict[str, Any] = Field(
        default_factory=dict[str, Any], description="The form's answers; sensitive ones are left out."
    )


class RequestView(RecordView):
    note: str | None = None
    items: list[LineView] = Field(default_factory=list[LineView])
    tasks: list[RecordView] = Field(default_factory=list[RecordView])
    approvals: list[ApprovalView] = Field(default_factory=list[ApprovalView])
    relations: list[str] = Field(default_factory=list[str], description="Why the reader sees it.")
    follows: str | None = Field(
        default=None,
        description="The request that this one takes up; null also where the reader does not see that.",
    )
    followed_by: list[str] = Field(
        default_factory=list[str], description="Requests that take this one up, those that the reader sees."
    )
    temporal_ui: str | None = Field(
        default=None, description="For operators: the process in the Temporal UI."
    )
    history: str | None = Field(default=None, description="For operators: whether the history is still kept.")


class OpenedLine(Contract):
    number: str
    item: str
    quantity: int
    state: str
    expected_at: datetime | None = None


class OpenedRequest(Contract):
    """The answer to an order; what it waits for is what is known so far, all of it is at ``/why`` a moment later."""

    number: str
    state: str
    items: list[OpenedLine]
    expected_at: datetime | None = None
    waiting: list[Waiting] = Field(default_factory=list[Waiting])
    version: int


class FailureView(Contract):
    """Why a step failed, or could not be taken back; ``system`` and what follows of automated ones alone."""

    problem: str = Field(description="The kind of failure, such as Refused or Unavailable.")
    system: str | None = None
    tries: int = 0
    last_at: datetime | None = None
    status: int | None = Field(default=None, description="The code (HTTP, SMTP) of the system's last answer.")
    said: str | None = Field(
        default=None, description="The system's words, in short; for those who work on the task alone."
    )


class TaskView(RecordView):
    """A task with what its people need for it; the sensitive answers only for its group while it is open."""

    line: str | None = Field(default=None, description="The order line (RITM) that it belongs to.")
    step: str | None = None
    purpose: str | None = None
    instruction: str | None = None
    form: dict[str, Any] | None = Field(
        default=None, description="JSON Schema 2020-12 of the outputs that completing it asks for."
    )
    variables: dict[str, Any] = Field(
        default_factory=dict[str, Any],
        description="The line's answers; sensitive ones are left out.",
    )
    sensitive: dict[str, Any] = Field(
        default_factory=dict[str, Any],
        description="The sensitive answers that the step needs; each read of them is written down.",
    )
    outputs: dict[str, Any] = Field(
        default_factory=dict[str, Any],
        description="What was entered in ``form`` when it was completed; sensitive values are left out.",
    )
    failure: FailureView | None = Field(default=None, description="Of a task that a failure opened.")


class TimelineEntry(Contract):
    id: str
    at: datetime
    kind: str
    event: str | None = None
    subject: str | None = None
    author: PersonRef | None = None
    text: str | None = None
    facts: dict[str, Any] = Field(default_factory=dict[str, Any])


class Why(Contract):
    """What a record waits for: for whom, since when, until when, and what happens then."""

    number: str
    state: str
    open: bool
    waiting: list[Waiting]
