"""A grant as it runs: the document behind a ``GRA`` number, and the commands into its workflow."""

from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, Field

from steadydesk.contracts.agenda import Agenda
from steadydesk.contracts.assertion import Command, TextRef
from steadydesk.contracts.base import Contract, RecordDocument
from steadydesk.contracts.language import LocalisedText
from steadydesk.contracts.request import TaskRun


class GrantState(StrEnum):
    ACTIVE = "active"
    REVOKING = "revoking"
    REVOKED = "revoked"
    LEFT = "left"
    """A person declared that it stays as it is outside; the register says so."""


class GrantProcess(RecordDocument):
    """Who has what until when, and how it is taken back: the undo of the step that gave it."""

    function: str
    request: str
    line: str
    step: str
    item: str
    holder: str
    for_future_person: bool = Field(
        default=False, description="Somebody not in the directory has it; the holder only stands in for them."
    )
    opened_by: str
    in_their_place: list[str] = Field(
        default_factory=list,
        description="Who acts for whom ordered it, since they left: a person (`p:`) or groups (`g:`).",
    )
    entitlement: LocalisedText
    state: GrantState = GrantState.ACTIVE
    granted_at: datetime
    expires_at: datetime | None = None
    remind_at: datetime | None = None
    reason: str | None = Field(default=None, description="Why it is revoked: expired, left, owner, request.")
    attempt: int = 1
    performing: bool = Field(default=False, description="The undo is under way at its connector.")
    task: TaskRun | None = Field(default=None, description="The revocation as a person's task.")
    extended_by: list[str] = Field(default_factory=list)
    restricted_to: list[str] = Field(
        default_factory=list, description="The groups that alone see it, as of its request."
    )

    def goes_with(self, person: str) -> bool:
        """Whether it is taken back when the person leaves."""
        return person == self.holder and not self.for_future_person

    def acting(self) -> list[str]:
        """Who acts as its requester: a person (`p:`) or groups (`g:`)."""
        return self.in_their_place or [f"p:{self.opened_by}"]


class StartGrant(Contract):
    """The argument of the workflow; all else stands in the register."""

    number: str
    agenda: Agenda | None = None
    handled: list[str] = Field(default_factory=list)
    take_up: bool = Field(
        default=False, description="Started again after a termination: go on from the record."
    )


class Revoke(Command):
    """By its owner, its holder, or the person's manager: now, whatever its end was."""

    reason: TextRef | None = None


class Extend(Command):
    """A request was approved: the grant lives on until then."""

    until: AwareDatetime
    request: str
