"""Open the process of a reserved order, once per Idempotency-Key, and answer with the record."""

from fastapi import Response
from temporalio.exceptions import WorkflowAlreadyStartedError

from api import commands
from api.answers import etag
from api.requests_read import read_request
from api.security import Caller
from api.services import Services
from steadydesk.contracts.base import Contract
from steadydesk.contracts.request_commands import Order
from steadydesk.contracts.views import RequestView
from steadydesk.records import reservations
from steadydesk.records.engine import Connection
from steadydesk.records.reservations import KeptCommand


class Received(Contract):
    """The order has its number; the process is taking it up."""

    number: str
    state: str = "received"


async def reserve_once(
    connection: Connection, caller: Caller, order: Order, key: str, hashed: str
) -> KeptCommand:
    """Reserve the order under its key. Where the same key was faster elsewhere, that order is the one, and all
    that this transaction wrote is taken back.
    """
    await reservations.reserve(connection, order, caller.now)
    kept = await reservations.keep_command(
        connection, caller.id, key, hashed, KeptCommand(order.number, "open"), caller.now
    )
    if kept.number != order.number:
        await connection.rollback()
    return kept


async def open_reserved(
    services: Services, caller: Caller, response: Response, kept: KeptCommand, summary: str
) -> RequestView | Received:
    """Start the process, and wait for its record as long as a caller waits."""
    response.headers["Location"] = f"/api/v1/requests/{kept.number}"
    opening = services.sender.open(
        kept.number,
        actor=caller.person.id,
        acting_for=caller.acting_for,
        method=caller.method,
        at=caller.now,
        summary=summary,
    )
    try:
        if await commands.in_time(opening) is None:
            response.status_code = 202
            return Received(number=kept.number)
    except WorkflowAlreadyStartedError:
        pass  # A repeat after the process has ended: the record has the answer.
    view = await read_request(services, caller, kept.number)
    response.headers["ETag"] = etag(view)
    return view
