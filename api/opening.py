"""Number an order, open its process once per Idempotency-Key, and answer with the record."""

from collections.abc import Sequence

from fastapi import Response
from temporalio.exceptions import WorkflowAlreadyStartedError

from api import commands
from api.answers import etag
from api.ordering import Draft
from api.security import Caller
from api.services import Services
from steadydesk.contracts.base import Contract
from steadydesk.contracts.kept_command import OPEN, OPEN_ID, KeptCommand
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.request_commands import Open, Order, OrderedItem
from steadydesk.contracts.views import OpenedRequest
from steadydesk.policies.assertion import unsigned
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.processes import draw_number
from steadydesk.records.reservations import RECEIVED, reserve
from steadydesk.records.texts import NewText, prepare
from steadydesk.records.views.requests import opened_request


class Received(Contract):
    """The order has its number; the process is taking it up."""

    number: str
    state: str = RECEIVED


async def numbered_order(connection: Connection, caller: Caller, draft: Draft) -> tuple[Order, list[NewText]]:
    """The order under a number of its own, and the words that it refers to; neither is written yet."""
    answers = [prepare(ordered.variables, caller.id) for ordered in draft.items]
    note = prepare(draft.note, caller.id) if draft.note else None
    order = Order(
        number=await draw_number(connection, RecordKind.REQUEST),
        configuration=draft.configuration,
        opened_by=caller.id,
        requested_for=draft.beneficiaries[0],
        items=[
            OrderedItem(
                item=ordered.item, quantity=ordered.quantity, variables=text.reference, requested_for=person
            )
            for ordered, text, person in zip(draft.items, answers, draft.beneficiaries, strict=True)
        ],
        note=note.reference if note else None,
        follows=draft.follows,
    )
    return order, [*answers, *([note] if note else [])]


async def reserve_once(
    connection: Connection,
    caller: Caller,
    order: Order,
    words: Sequence[NewText],
    key: str | None,
    hashed: str,
    summary: str,
) -> KeptCommand:
    """Reserve the order and its ``words`` under its key, with the command that opens it: all of it or nothing."""
    command, key = Open(assertion=unsigned()), commands.key_or_new(key)
    said = commands.to_keep(caller, key, order.number, OPEN, command, update_id=OPEN_ID, summary=summary)
    return await reserve(connection, order, words, said, hashed)


async def open_reserved(
    services: Services, response: Response, kept: KeptCommand
) -> OpenedRequest | Received:
    """Start the process, and wait for its record as long as a caller waits."""
    response.headers["Location"] = f"/api/v1/requests/{kept.number}"
    try:
        if (await commands.send(services, kept)).answer is None:
            response.status_code = 202
            return Received(number=kept.number)
    except WorkflowAlreadyStartedError:
        pass  # A repeat after the process has ended: the record has the answer.
    async with autocommit(services.engine).connect() as connection:
        opened = await opened_request(connection, kept.number)
    if opened is None:
        response.status_code = 202
        return Received(number=kept.number)
    response.headers["ETag"] = etag(opened)
    return opened
