"""A change of the directory, as its audit keeps it."""

from datetime import datetime

from pydantic import Field

from steadydesk.contracts.base import Contract


class DirectoryEvent(Contract):
    """A change of the directory, for its audit: who did what to whom. Never words of people."""

    event: str
    subject: str = Field(description="A person's id, a group's key, a delegation's id.")
    actor: str
    acting_for: str | None = None
    method: str
    at: datetime
    facts: dict[str, str | int | bool | list[str] | None] = Field(default_factory=dict)
