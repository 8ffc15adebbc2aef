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


class ConfigurationVersion(Contract):
    """One stored version; ``digest`` is SHA-256 over its canonical JSON. At most one is current."""

    digest: str
    serial: int
    why: str
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    current: bool = False
    applied_at: datetime | None = None

    @property
    def waits_for_approval(self) -> bool:
        return self.applied_at is None


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
