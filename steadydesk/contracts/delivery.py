"""Notifications: what the outbox, the delivery workflows and their activities say to each other."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from steadydesk.contracts.base import Contract

OUTBOX_WORKFLOW = "OutboxWorkflow"
SWEEP_WORKFLOW = "OutboxSweepWorkflow"
DELIVERY_WORKFLOW = "DeliveryWorkflow"
WAKE = "wake"
"""The signal that all of them take; it says only "look again", so anybody may send it."""
HURRY = "hurry"
"""The same for a delivery workflow whose target is left alone just now: somebody has put it right."""

FAN_OUT = "fan_out_outbox"
WAKE_DELIVERIES = "wake_deliveries"
SEND_DUE = "send_due_deliveries"
FIND_UNSERVED = "find_unserved_deliveries"
"""The activities; workflows call them by these names."""

OUTBOX_ID = "DLV-outbox"
SWEEP_ID = "DLV-sweep"
MAIL = "mail"
PROCESSES = "processes"
_WEBHOOK = "webhook-"


def delivery_workflow_id(target: str) -> str:
    """The id of the workflow that serves one target: ``DLV-mail``, ``DLV-webhook-<subscription>``."""
    return f"DLV-{target}"


def webhook_target(subscription: str) -> str:
    return f"{_WEBHOOK}{subscription}"


def subscription_of(target: str) -> str | None:
    """The subscription that a target serves, or None where it is no webhook."""
    return target.removeprefix(_WEBHOOK) if target.startswith(_WEBHOOK) else None


class Channel(StrEnum):
    MAIL = "mail"
    WEBHOOK = "webhook"
    IN_APP = "in_app"
    PROCESS = "process"
    """A message to the process of a record, such as *person left*."""


class DeliveryState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    """Claimed: the words may be with the target already."""
    SENT = "sent"
    UNCONFIRMED = "unconfirmed"
    """A mail whose outcome nobody knows: not sent again unless a person says so."""
    DEAD = "dead"
    """Refused, or tried for the last time."""
    SUPPRESSED = "suppressed"
    """Not to be sent: the recipient may not see the record, has left, or has no address."""


Recipient = Annotated[str, StringConstraints(pattern=r"^[pgf]:[A-Za-z0-9_.-]+$", max_length=120)]
"""``p:<person>``, ``g:<group>`` or ``f:<function>`` (its process owners)."""


class Message(Contract):
    """One row of the outbox. ``facts`` holds references and states under the names of the event's fields."""

    id: str = Field(description="Stable over repeats of the step that writes it.")
    event: str
    number: str = Field(description="The record; for events that are about none, what they are about.")
    subject: str | None = Field(default=None, description="The line, gate, task or step within the record.")
    audience: list[Recipient]
    facts: dict[str, Any] = Field(default_factory=dict)
    at: datetime


class FanOutDue(Contract):
    now: datetime
    limit: int = 100


class FanOutDone(Contract):
    """``targets`` have something to send now; ``more`` says that rows are left. ``listed`` are the people whose lists
    have grown; no history holds them.
    """

    rows: int
    targets: list[str] = Field(default_factory=list)
    more: bool = False
    listed: frozenset[str] = Field(default=frozenset(), exclude=True)


class WakeDue(Contract):
    """Delivery workflows to wake, by target, and whether the outbox is one more."""

    targets: list[str] = Field(default_factory=list)
    outbox: bool = False


class TargetRun(Contract):
    """The argument of a delivery workflow."""

    target: str


class SendDue(Contract):
    """``seconds`` bounds one run of the activity; what is left is the next run's."""

    target: str
    now: datetime
    seconds: float = 30


class SendDone(Contract):
    """What became of one batch, and when there is something to do again."""

    sent: int = 0
    again: int = Field(default=0, description="Failed for now and tried again later.")
    ended: int = Field(default=0, description="Dead, unconfirmed or suppressed.")
    left: int = Field(default=0, description="Not ended yet.")
    next_at: datetime | None = Field(
        default=None, description="When the next one is due; None: nothing is left."
    )
    paused_until: datetime | None = Field(
        default=None, description="The breaker lets nothing through before."
    )


class SweepDue(Contract):
    now: datetime


class SweepDone(Contract):
    """What was not woken: whether the outbox has rows, and the targets with overdue deliveries."""

    outbox: bool
    targets: list[str] = Field(default_factory=list)
