"""The two shapes that every contract takes: a message that never changes, and a state that does."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    TypeAdapter,
)

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
"""The name of a configured thing, as its YAML and URLs spell it."""

PersonId = Annotated[str, StringConstraints(pattern=r"^p_[a-z0-9]{12}$")]
"""An opaque name of a person; histories and audit rows carry it instead of the user name."""

BusinessTime = timedelta
"""A duration counted on a business calendar, not on the wall."""

YEARS = range(1900, 2201)
"""Of the dates that people name: whatever a zone, a promise or a calendar adds, an instant comes of it."""

OTHER_YEARS = f"must be of the years {YEARS.start} to {YEARS.stop - 1}"
"""What is said of a date of another year."""


def _of_our_time(at: datetime) -> datetime:
    if at.year not in YEARS:
        raise ValueError(OTHER_YEARS)
    return at


_SECONDS = re.compile(r"\s*[+-]?[0-9_.]+\s*")
"""Would be taken as seconds since 1970."""

_DAY: TypeAdapter[date] = TypeAdapter(date)
_INSTANT: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def _day(given: object) -> object:
    """A text is read here, whatever reads the rest: JSON has no other way to write a day, nor have forms."""
    if not isinstance(given, str):
        return given
    if _SECONDS.fullmatch(given):
        raise ValueError("must be a date as YYYY-MM-DD")
    return _DAY.validate_python(given)


def _instant(given: object) -> object:
    if not isinstance(given, str):
        return given
    if _SECONDS.fullmatch(given):
        raise ValueError("must be an instant as 2027-01-31T09:00:00+01:00")
    return _INSTANT.validate_python(given)


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time), BeforeValidator(_instant)]
"""An instant that somebody names, in ``YEARS``, as ISO 8601 writes it."""

Day = Annotated[date, BeforeValidator(_day)]
"""A day that somebody names, as ISO 8601 writes it."""


class Contract(BaseModel):
    """A message between layers: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ProcessState(BaseModel):
    """A part of a record's document: changed by policies, stored after each transition."""

    model_config = ConfigDict(extra="forbid", validate_assignment=False)


class RecordDocument(ProcessState):
    """What the document of every numbered process has, whatever its kind."""

    number: str
    version: int = 0
    configuration: str
    audit_position: int = 0
    audit_head: str = ""
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
