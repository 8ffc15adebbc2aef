"""What runs by itself on a schedule: how its workflow is started, and what its activities get and answer."""

from datetime import datetime

from pydantic import Field

from steadydesk.contracts.base import Contract

ROUTINE_WORKFLOW = "RoutineWorkflow"
SET_ROUTINE = "set_routine"
"""The signal by which a starting worker tells a running routine its present pace and activities."""


def routine_workflow_id(name: str) -> str:
    return f"ROUTINE-{name}"


class Routine(Contract):
    """Activities run one after the other, then a rest; each gets a ``RoutineDue`` and answers a ``RoutineDone``."""

    name: str
    activities: list[str] = Field(min_length=1)
    every_seconds: float = Field(gt=0)
    limit_seconds: float = Field(default=60, description="Longest run of one activity's attempt.")


class RoutineDue(Contract):
    """``at`` is the same for every activity and retry of one round, so that a repeat is recognised."""

    name: str
    at: datetime


class RoutineDone(Contract):
    """One line for the operator who opens the routine in the Temporal UI."""

    words: str = ""
