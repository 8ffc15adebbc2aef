"""When a request will be ready, as its readers are told: what is promised, and what may make it later."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from steadydesk.contracts.agenda import WaitingKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.views import RecordView

_PEOPLE = frozenset(
    {
        WaitingKind.APPROVAL,
        WaitingKind.INFORMATION,
        WaitingKind.REQUESTER,
        WaitingKind.RESUBMISSION,
        WaitingKind.DECISION,
    }
)

_SLACK = timedelta(minutes=15)
"""A term that begins with a step, not with the order, ends by moments after what was promised."""


@dataclass(frozen=True)
class Prospect:
    """``promised``: somebody has to decide or answer first, so that it is a promise and not to be expected. ``later``
    is until when it may wait, where that is well after ``at``.
    """

    at: datetime
    promised: bool
    later: datetime | None


def prospect(view: RecordView) -> Prospect | None:
    """None where nothing is promised, and for what has ended or is being taken back."""
    if not view.open or view.expected_at is None or view.phase == Phase.UNDOING:
        return None
    at = view.expected_at
    held = any(each.kind in _PEOPLE for each in view.waiting)
    ends = (each.until for each in view.waiting if each.until is not None)
    later = max((end for end in ends if end > at + _SLACK), default=None)
    return Prospect(at, held or later is not None, later)
