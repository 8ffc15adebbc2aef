"""How far the question to the customer is, after the end of a record."""

from enum import StrEnum


class SurveyState(StrEnum):
    NONE = "none"
    WAITING = "waiting"
    SENT = "sent"
    ENDED = "ended"
