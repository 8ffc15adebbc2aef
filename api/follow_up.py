"""What an order may take up: a request that the caller sees, and that is closed, at least in part."""

from functools import partial

from api.received import UNKNOWN, found_or_received
from api.requests_read import viewer_of
from api.security import Caller
from steadydesk.contracts.numbers import RecordKind, is_gate, kind_of, parse_typed
from steadydesk.errors import Problem, UnknownRecord
from steadydesk.policies.rights import Relation
from steadydesk.records.engine import Connection
from steadydesk.records.reservations import Reservation
from steadydesk.records.views.links import may_be_followed
from steadydesk.records.views.visibility import relations

POINTER = "/follows"
NO_REQUEST = "must be the number of a request, such as REQ0000042"
STILL_OPEN = "is still open: comment on it, or change it, instead of ordering again"


async def followed_request(
    connection: Connection, caller: Caller, typed: str | None
) -> tuple[str | None, list[Problem]]:
    """The number that was meant, and what is wrong with it. What is hidden is told as what is not there."""
    if typed is None:
        return None, []
    number = request_meant(typed)
    if number is None:
        return None, [Problem(POINTER, NO_REQUEST)]
    find = partial(relations, connection, viewer_of(caller), number)
    try:
        await found_or_received(connection, caller, number, find, _their_own)
    except UnknownRecord:
        return None, [Problem(POINTER, UNKNOWN)]
    if not await may_be_followed(connection, number):
        return None, [Problem(POINTER, STILL_OPEN)]
    return number, []


async def _their_own(_: Reservation) -> list[str]:
    return [Relation.REQUESTER.value]


def request_meant(typed: str | None) -> str | None:
    """The number of a request however it was typed, whether or not there is one; None for anything else."""
    number = parse_typed(typed or "")
    return number if number and kind_of(number) is RecordKind.REQUEST and not is_gate(number) else None
