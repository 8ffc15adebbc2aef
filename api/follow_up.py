"""What an order may take up: a request that the caller sees, and that is closed, at least in part."""

from api.received import UNKNOWN
from api.requests_read import viewer_of
from api.security import Caller
from steadydesk.contracts.numbers import RecordKind, kind_of, parse_typed
from steadydesk.errors import Problem
from steadydesk.records.engine import Connection
from steadydesk.records.reservations import find_reservation
from steadydesk.records.views.links import may_be_followed
from steadydesk.records.views.visibility import relations

POINTER = "/follows"
STILL_OPEN = "is still open: comment on it, or change it, instead of ordering again"


async def followed_request(
    connection: Connection, caller: Caller, typed: str | None
) -> tuple[str | None, list[Problem]]:
    """The number that was meant, and what is wrong with it. What is hidden is told as what is not there."""
    if typed is None:
        return None, []
    number = parse_typed(typed)
    if number is None or kind_of(number) is not RecordKind.REQUEST:
        return None, [Problem(POINTER, UNKNOWN)]
    seen = await relations(connection, viewer_of(caller), number)
    if not seen and await find_reservation(connection, number, caller.id) is None:
        return None, [Problem(POINTER, UNKNOWN)]
    if not await may_be_followed(connection, number):
        return None, [Problem(POINTER, STILL_OPEN)]
    return number, []
