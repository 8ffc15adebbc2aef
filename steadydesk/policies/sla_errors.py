"""What a service clock refuses.

ClockError
├── MissingCalendarError   a calendar that it counts on was not given
├── ClockOrderError        an event out of order
├── ClockStageError        an operation that its stage does not have
└── ThresholdError         a percent that is none of its thresholds
"""

from steadydesk.contracts.sla import ClockStage


class ClockError(ValueError):
    """A service clock was asked for something that it cannot do."""


class MissingCalendarError(ClockError):
    """The clock has counted on a calendar that the caller did not give."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the clock counts on calendar '{key}', which was not given")
        self.key = key


class ClockOrderError(ClockError):
    """An event lies before one that the clock has already seen, or outside the time that it is about."""


class ClockStageError(ClockError):
    """The operation does not exist in the clock's stage."""

    def __init__(self, operation: str, stage: ClockStage) -> None:
        super().__init__(f"cannot {operation} a clock that is {stage.value.replace('_', ' ')}")
        self.operation = operation
        self.stage = stage


class ThresholdError(ClockError):
    """The percent is none of the clock's thresholds."""
