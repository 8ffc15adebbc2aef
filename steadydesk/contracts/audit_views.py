"""What auditors and operators read of a record: its audit chain, who looked at it, what was tried without proof."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from steadydesk.contracts.base import Contract
from steadydesk.contracts.views import PersonRef


class AuditView(Contract):
    seq: int
    position: int
    event: str
    actor: str
    acting_for: str | None = None
    method: str
    at: datetime
    subject: str | None = None
    facts: dict[str, Any]
    configuration: str | None = None
    previous: str
    hash: str


class AccessKind(StrEnum):
    SENSITIVE_READ = "sensitive_read"
    BREAK_GLASS = "break_glass"


class AccessView(Contract):
    """A look at a record that must be answered for."""

    kind: AccessKind
    person: PersonRef
    method: str
    at: datetime
    task: str | None = None
    fields: list[str] = Field(default_factory=list[str], description="Names of the fields that were read.")
    reason: str | None = Field(default=None, description="Why the record was opened in an emergency.")
    until: datetime | None = None


class SecurityEventKind(StrEnum):
    FORGED_UPDATE = "forged-update"
    FORGED_SIGNAL = "forged-signal"
    FORGED_CANCEL = "forged-cancel"
    BREAK_GLASS = "break-glass"
    UNATTENDED = "unattended"


class SecurityEventView(Contract):
    """A command without proof, or sight that somebody took; numbers and ids, no words."""

    id: str = Field(description="Names the event, not the record.")
    kind: str
    number: str | None = Field(default=None, description="None also of a restricted record unseen by you.")
    actor: str | None = None
    detail: str
    at: datetime
