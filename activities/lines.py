"""What commands ask of a line before they change it."""

from activities.work import RequestWork
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line
from steadydesk.errors import InvalidInput, InvalidTransition, Problem, RecordClosed


def must_not_be_extending(line: Line) -> None:
    """InvalidTransition while the grant is told its new end: nobody knows whether it has taken it already."""
    if line.extends is not None and line.phase in (Phase.FULFILMENT, Phase.PENDING):
        raise InvalidTransition(f"{line.number} is approved, and {line.extends} is being extended")


def open_line(work: RequestWork, number: str) -> Line:
    """The line, when it is of this order (InvalidInput otherwise) and not closed yet (RecordClosed)."""
    try:
        line = work.process.line(number)
    except LookupError:
        known = ", ".join(line.number for line in work.process.lines)
        problem = Problem("/line", f"must be one of {known}")
        raise InvalidInput("name one line of this request", problems=[problem]) from None
    if not line.is_open:
        raise RecordClosed(f"{number} is closed", details={"follow_up": work.process.number})
    return line


def must_be_open(work: RequestWork) -> None:
    """RecordClosed names the record to refer to in a follow-up."""
    if work.process.closed_at is not None:
        number = work.process.number
        raise RecordClosed(f"{number} is closed; order again or refer to it", details={"follow_up": number})
