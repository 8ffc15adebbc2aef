"""Who may decide for whom, and when people are away: directory records, read as of now."""

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from steadydesk.contracts.base import Contract, Key, Moment, PersonId
from steadydesk.contracts.words import EMPTY_OR_NOT_BLANK

LONGEST_DELEGATION = timedelta(days=366)


class Absence(Contract):
    id: str
    person: PersonId
    begins_at: datetime
    ends_at: datetime


class NewAbsence(Contract):
    begins_at: Moment
    ends_at: Moment

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.ends_at <= self.begins_at:
            raise ValueError("'ends_at' must be after 'begins_at'")
        return self


class Delegation(Contract):
    """``delegate`` may decide for ``delegator`` in [begins_at, ends_at). Never passed on to a third
    person.
    """

    id: str
    delegator: PersonId
    delegate: PersonId
    policies: list[Key] | None = Field(
        default=None, description="Approval policies that it covers; null: all."
    )
    begins_at: datetime
    ends_at: datetime
    reason: str = ""
    made_by: PersonId
    made_at: datetime
    ended_at: datetime | None = None


class NewDelegation(Contract):
    delegator: PersonId
    delegate: PersonId
    policies: Annotated[list[Key], Field(min_length=1, max_length=50)] | None = None
    begins_at: Moment
    ends_at: Moment
    reason: Annotated[str, StringConstraints(max_length=500), EMPTY_OR_NOT_BLANK] = ""

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.ends_at <= self.begins_at:
            raise ValueError("'ends_at' must be after 'begins_at'")
        if self.ends_at - self.begins_at > LONGEST_DELEGATION:
            raise ValueError("a delegation lasts a year at most; make a new one then")
        if self.delegate == self.delegator:
            raise ValueError("nobody delegates to themselves")
        return self
