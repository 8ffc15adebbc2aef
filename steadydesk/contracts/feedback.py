"""Suggestions and complaints, as their readers get them."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from steadydesk.contracts.base import Contract
from steadydesk.contracts.views import PersonRef


class FeedbackKind(StrEnum):
    SUGGESTION = "suggestion"
    COMPLAINT = "complaint"


class Answerer(Contract):
    """Who answers for it."""

    subject: str = Field(description="`g:<group>`, `f:<function>` (its process owners) or `p:<person>`.")
    name: str = Field(description="Of the group or person; the key of the function.")


class FeedbackView(Contract):
    id: str
    kind: FeedbackKind
    number: str = Field(description="The record that it is about.")
    visible: bool = Field(description="Whether you may see that record.")
    function: str | None = None
    person: PersonRef = Field(description="Who said it.")
    text: str | None = Field(default=None, description="Their words; null once they were erased.")
    at: datetime
    answers: list[Answerer]
