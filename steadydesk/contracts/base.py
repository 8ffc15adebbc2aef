"""The two shapes that every contract takes: a message that never changes, and a state that does."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints

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


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
"""An instant that somebody names, in ``YEARS``."""


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
