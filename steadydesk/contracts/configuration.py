"""Configuration versions: what is stored, who stored it, and how two of them differ."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import Field

from steadydesk.contracts.base import Contract, Key
from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.organisation import Organisation


class ResolvedOrganisation(Contract):
    """An organisation with everything that comes from libraries resolved: it means the same for ever."""

    organisation: Organisation
    calendars: dict[Key, Calendar]
    holidays_from: date
    holidays_until: date


class ProposedAgain(Contract):
    """A later proposal of a stored version: while it waited, or to bring a former one back."""

    why: str
    proposed_by: str
    proposed_at: datetime
    brings_back: bool = Field(default=False, description="The version had been in force before.")
    approved_by: str | None = None
    approved_at: datetime | None = None


class ConfigurationVersion(Contract):
    """One stored version; ``digest`` is SHA-256 over its canonical JSON. At most one is current.

    Reason, proposer and approver are the first ones for ever; ``again`` has the later ones, in their order.
    """

    digest: str
    serial: int
    why: str
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    current: bool = False
    applied_at: datetime | None = None
    again: list[ProposedAgain] = Field(default_factory=list[ProposedAgain])

    @property
    def waits_for_approval(self) -> bool:
        return self.applied_at is None

    @property
    def brought_back(self) -> ProposedAgain | None:
        """How it came back last; None for a version that is in force, or waits, for the first time."""
        return next((one for one in reversed(self.again) if one.brings_back), None)

    @property
    def proposer(self) -> str:
        """Who proposed first what waits or was applied last, and so never approves it."""
        return self.brought_back.proposed_by if self.brought_back else self.proposed_by

    @property
    def last_proposed_at(self) -> datetime:
        return self.again[-1].proposed_at if self.again else self.proposed_at


class DifferenceKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    REORDERED = "reordered"
    """The keys of a map follow each other in another order: stages, states and steps mean something by it."""


class Difference(Contract):
    """One value that differs; ``path`` is dotted from the top of the organisation."""

    path: str
    kind: DifferenceKind
    before: str | None = Field(default=None, description="As JSON.")
    after: str | None = Field(default=None, description="As JSON.")
