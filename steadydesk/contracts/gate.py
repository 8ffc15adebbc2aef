"""An approval gate as it runs: one stage of a policy, its eligible people, their ballots, its clock."""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from steadydesk.contracts.assertion import TextRef
from steadydesk.contracts.base import ProcessState
from steadydesk.contracts.sla import SlaClock


class GateState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    VOIDED = "voided"


class ApproverState(StrEnum):
    """What one person who was asked has done at a gate, or became of the question."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    NOT_REQUIRED = "not_required"


class Decision(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    ASK = "ask"
    WITHDRAWN = "withdrawn"


class Eligible(ProcessState):
    """One natural person who may decide; ``capacity`` says why they are asked."""

    person: str
    natural: str
    capacity: str = Field(description="own, group:<key>, manager, added, up-the-line or fallback.")


class Ballot(ProcessState):
    """The valid vote of one natural person; withdrawn ones are only in the immutable table."""

    natural: str
    voter: str
    acting_for: str | None = None
    decision: Decision
    seq: int
    at: datetime


class Question(ProcessState):
    """Asked of the requester; the clock rests until it is answered or the limit is reached."""

    asked_by: str
    text: TextRef | None = None
    asked_at: datetime
    until: datetime
    reminders: int = 0


class Asked(ProcessState):
    """What a gate was asked about, to show what has changed since; votes are bound to its digests alone."""

    variables: TextRef
    quantity: int
    amount: float
    requested_for: str
    effective_at: datetime | None = None


class Gate(ProcessState):
    id: str
    line: str
    step: str | None = Field(default=None, description="The approval step of a plan that opened it.")
    policy: str
    stage: str
    round: int = 1
    state: GateState = GateState.REQUESTED
    eligible: list[Eligible]
    ballots: list[Ballot] = Field(default_factory=list[Ballot])
    votes: dict[str, int] = Field(default_factory=dict, description="Votes so far by natural person.")
    content_hash: str
    content: dict[str, str] = Field(default_factory=dict, description="Digest of each material field.")
    changed: list[str] = Field(
        default_factory=list,
        description="Material fields that differ from what the same stage decided on before.",
    )
    earlier: list[str] = Field(default_factory=list, description="Natural persons who approved that before.")
    asked: Asked | None = Field(default=None, description="None for gates that opened before it was kept.")
    clock: SlaClock
    escalations: int = 0
    question: Question | None = None
    asked_for: timedelta = Field(default=timedelta(0), description="Business time that rested on questions.")
    opened_at: datetime
    closed_at: datetime | None = None
    reason: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state is GateState.REQUESTED
