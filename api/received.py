"""An order between its number and its opening: whoever ordered it sees what they ordered, and changes nothing."""

from collections.abc import Awaitable, Callable
from typing import Never, TypeVar

from api.security import Caller
from steadydesk.errors import InvalidTransition, UnknownRecord
from steadydesk.records.engine import Connection
from steadydesk.records.reservations import RECEIVED, Reservation, find_reservation

UNKNOWN = "there is no such record, or it is not for you to see"

Found = TypeVar("Found")


def known(found: Found | None) -> Found:
    """UnknownRecord for nothing."""
    if not found:
        raise UnknownRecord(UNKNOWN)
    return found


async def found_or_received(
    connection: Connection,
    caller: Caller,
    number: str,
    find: Callable[[], Awaitable[Found | None]],
    shown: Callable[[Reservation], Awaitable[Found]],
) -> Found:
    """What ``find`` finds; where that is nothing, what is ``shown`` of an order of the caller's own that is not opened
    yet; UnknownRecord otherwise.
    """
    found = await find()
    if not found and (reserved := await find_reservation(connection, number, caller.id)):
        # One that is opened by now was opened after the first look.
        found = await (find() if reserved.opened_at else shown(reserved))
    return known(found)


async def still_received(reserved: Reservation) -> Never:
    """InvalidTransition: there is no process yet that could do anything."""
    raise InvalidTransition(
        f"{reserved.order.number} is still being received; ask again in a moment", details={"state": RECEIVED}
    )
