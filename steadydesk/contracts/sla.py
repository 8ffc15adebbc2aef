"""A service clock: what is promised, when it ran or was paused, what fired; and the events of its life."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from steadydesk.contracts.base import BusinessTime, Contract
from steadydesk.contracts.calendar import CalendarKey

BREACH_PERCENT = 100
DEFAULT_THRESHOLDS = (75, BREACH_PERCENT)


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An aware instant, kept in UTC."""

Percent = Annotated[int, Field(ge=1, le=1000)]
"""A share of the target in whole percent; above 100 it is overrun."""

PositiveDuration = Annotated[BusinessTime, Field(gt=timedelta(0))]


def _with_breach(thresholds: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted({*thresholds, BREACH_PERCENT}))


Thresholds = Annotated[tuple[Percent, ...], AfterValidator(_with_breach)]
"""Ascending percents at which something happens; 100, the breach, is always among them."""


class TargetKind(StrEnum):
    RESPONSE = "response"
    RESOLUTION = "resolution"
    UPDATE = "update"
    PROMISE = "promise"
    APPROVAL = "approval"


class ClockStage(StrEnum):
    """Breached is no stage: a clock in any stage may have breached."""

    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        return self in (ClockStage.IN_PROGRESS, ClockStage.PAUSED)


class SegmentKind(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    # Between completion and reopening: neither used nor a pause, so that solved time never shows as waiting.
    STOPPED = "stopped"


class ClockSegment(Contract):
    """One stretch of a clock, [start, end); the last one of an open clock has no end."""

    kind: SegmentKind
    start: Instant
    end: Instant | None = None
    calendar: CalendarKey = Field(description="On which a running segment counts.")
    reason: str | None = Field(
        default=None, description="Key of the reason of a pause, such as awaiting-caller."
    )


class FiredThreshold(Contract):
    percent: Percent
    at: Instant = Field(description="When it was reached, however late that was noticed.")


class SlaClock(Contract):
    """The whole state of one clock; changed only by the operations of ``steadydesk.policies.sla``.

    Segments follow each other without a gap. ``terms_since`` is the instant since which target, calendar and
    start are what they are: nothing fires for an instant before it, for nobody can keep what is not yet
    promised.
    """

    kind: TargetKind
    target: PositiveDuration
    calendar: CalendarKey = Field(description="On which the clock counts from now on.")
    thresholds: Thresholds = DEFAULT_THRESHOLDS
    stage: ClockStage = ClockStage.IN_PROGRESS
    started_at: Instant = Field(
        description="Segments before it, left by a start that was moved, do not count."
    )
    stopped_at: Instant | None = Field(default=None, description="When it was completed or cancelled.")
    terms_since: Instant
    changed_at: Instant = Field(description="Instant of the last event that changed the clock.")
    cycle: int = Field(default=1, ge=1, description="Counts the resets.")
    segments: tuple[ClockSegment, ...]
    fired: tuple[FiredThreshold, ...] = Field(default=(), description="In ascending percent.")
    cancel_reason: str | None = None

    @property
    def breached_at(self) -> datetime | None:
        """When the whole target had been used, as far as that has been settled or fired."""
        return next((mark.at for mark in self.fired if mark.percent == BREACH_PERCENT), None)

    @property
    def has_breached(self) -> bool:
        return self.breached_at is not None

    @field_validator("segments")
    @classmethod
    def _without_gap(cls, segments: tuple[ClockSegment, ...]) -> tuple[ClockSegment, ...]:
        for earlier, later in pairwise(segments):
            if earlier.end != later.start:
                raise PydanticCustomError(
                    "segment_gap",
                    "the segment from {start} does not begin where the one before it ends",
                    {"start": later.start.isoformat()},
                )
        return segments

    @model_validator(mode="after")
    def _open_exactly_at_its_end(self) -> Self:
        runs_on = bool(self.segments) and self.segments[-1].end is None
        if runs_on != self.stage.is_open:
            raise PydanticCustomError(
                "clock_stage",
                "a clock that is {stage} has the wrong last segment",
                {"stage": self.stage.value},
            )
        return self


class _ClockEvent(Contract):
    at: Instant


class ClockStarted(_ClockEvent):
    event: Literal["started"] = "started"
    kind: TargetKind
    target: PositiveDuration
    calendar: CalendarKey
    thresholds: Thresholds = DEFAULT_THRESHOLDS


class ClockPaused(_ClockEvent):
    event: Literal["paused"] = "paused"
    reason: str | None = None


class ClockResumed(_ClockEvent):
    event: Literal["resumed"] = "resumed"


class ClockStopped(_ClockEvent):
    event: Literal["stopped"] = "stopped"


class ClockReopened(_ClockEvent):
    event: Literal["reopened"] = "reopened"


class ClockReset(_ClockEvent):
    event: Literal["reset"] = "reset"


class ClockCancelled(_ClockEvent):
    event: Literal["cancelled"] = "cancelled"
    reason: str | None = None


class ClockRetargeted(_ClockEvent):
    """None keeps what it was."""

    event: Literal["retargeted"] = "retargeted"
    target: PositiveDuration | None = None
    calendar: CalendarKey | None = None


class ClockRescheduled(_ClockEvent):
    event: Literal["rescheduled"] = "rescheduled"
    started_at: Instant


class ThresholdFired(_ClockEvent):
    """``at`` is when the threshold was reached, so it may precede the event before it in the list."""

    event: Literal["fired"] = "fired"
    percent: Percent


ClockEvent = Annotated[
    ClockStarted
    | ClockPaused
    | ClockResumed
    | ClockStopped
    | ClockReopened
    | ClockReset
    | ClockCancelled
    | ClockRetargeted
    | ClockRescheduled
    | ThresholdFired,
    Field(discriminator="event"),
]
