"""Process models: the organisation's own states, mapped to the fixed phases of a process."""

from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from steadydesk.contracts.base import Contract, Key
from steadydesk.contracts.language import Localised


class Process(StrEnum):
    REQUEST = "request"


class Phase(StrEnum):
    """What the request process knows; the first state that a model gives a phase is its entry."""

    RECEIVED = "received"
    APPROVAL = "approval"
    RETURNED = "returned"
    FULFILMENT = "fulfilment"
    PENDING = "pending"
    UNDOING = "undoing"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    SKIPPED = "skipped"
    REJECTED = "rejected"
    CANCELLED = "cancelled"

    @property
    def is_closed(self) -> bool:
        return self in _CLOSED


_CLOSED = {Phase.COMPLETE, Phase.INCOMPLETE, Phase.SKIPPED, Phase.REJECTED, Phase.CANCELLED}


class Right(StrEnum):
    REQUESTER = "requester"
    FULFILLER = "fulfiller"
    PROCESS_OWNER = "process-owner"


class ModelState(Contract):
    label: Localised
    phase: Phase
    requires: list[str] = Field(default_factory=list, description="Fields that must be given on entry.")


class Transition(Contract):
    """A move by a person between two states of the same phase."""

    origin: Key = Field(alias="from")
    target: Key = Field(alias="to")
    rights: list[Right] = Field(default_factory=lambda: [Right.FULFILLER, Right.PROCESS_OWNER])


class ProcessModel(Contract):
    process: Process
    label: Localised
    owner: Key
    review_by: date
    states: dict[Key, ModelState]
    transitions: list[Transition] = Field(default_factory=list[Transition])
    restricted_to: list[Key] = Field(
        default_factory=list, description="Only these groups (and the requester) see records of this model."
    )

    @model_validator(mode="after")
    def _every_phase_has_a_state(self) -> Self:
        missing = sorted(set(Phase) - {state.phase for state in self.states.values()})
        if missing:
            raise ValueError(f"no state is mapped to the phases {', '.join(missing)}")
        return self

    def entry(self, phase: Phase) -> str:
        """The state that a record takes when its process enters ``phase``."""
        return next(key for key, state in self.states.items() if state.phase is phase)
