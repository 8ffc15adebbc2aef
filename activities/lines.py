"""What commands ask of a line before they change it, and what stays silent about it."""

from datetime import datetime

from activities.work import RequestWork
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line
from steadydesk.errors import InvalidTransition, RecordClosed, UnknownRecord
from steadydesk.policies.rights import Relation


def must_not_be_extending(line: Line) -> None:
    """InvalidTransition while the grant is told its new end: nobody knows whether it has taken it already."""
    if line.extends is not None and line.phase in (Phase.FULFILMENT, Phase.PENDING):
        raise InvalidTransition(f"{line.number} is approved, and {line.extends} is being extended")


def open_line(work: RequestWork, number: str) -> Line:
    """The line, when it is of this order and not closed yet."""
    try:
        line = work.process.line(number)
    except LookupError:
        raise UnknownRecord(f"{work.process.number} has no line {number}") from None
    if not line.is_open:
        raise RecordClosed(f"{number} is closed", details={"follow_up": work.process.number})
    return line


def must_be_open(work: RequestWork) -> None:
    """RecordClosed names the record to refer to in a follow-up."""
    if work.process.closed_at is not None:
        number = work.process.number
        raise RecordClosed(f"{number} is closed; order again or refer to it", details={"follow_up": number})


def keep_silent(work: RequestWork, line: Line) -> None:
    """Where the item says so, who it is about hears and sees nothing before the effective date, also a moved one."""
    if work.organisation.catalog[line.item].silent_until_effective and line.effective_at is not None:
        work.process.silent_until = line.effective_at
        show_to_beneficiary(work, line.requested_for, line.effective_at)


def show_to_beneficiary(work: RequestWork, person: str, from_: datetime | None) -> None:
    """The person of a line sees the record from then on, and nothing of it before, also by no other relation. A
    restricted record is for one person: those of other lines are kept from it, and do not come to see it.
    """
    process = work.process
    if person == process.opened_by:
        return
    is_theirs = not process.restricted_to or person == process.requested_for
    if is_theirs or from_ is not None:
        until = None if is_theirs else from_
        work.show_to(f"p:{person}", Relation.REQUESTED_FOR, from_=from_, until=until)
