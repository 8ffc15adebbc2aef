"""An order that has its number and is not opened yet, as whoever ordered it sees it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.request_commands import OrderedItem
from steadydesk.contracts.views import LineView, RecordView, RequestView, Why
from steadydesk.policies.form import sensitive
from steadydesk.policies.rights import Relation
from steadydesk.policies.waiting import explain_opening
from steadydesk.records import configuration, texts
from steadydesk.records.reservations import RECEIVED, Reservation
from steadydesk.records.views.people import Names, names_of


async def received_record(connection: AsyncConnection, language: str, reserved: Reservation) -> RecordView:
    whole, _ = await _facts(connection, reserved, language)
    return RecordView(**whole)


async def received_request(connection: AsyncConnection, language: str, reserved: Reservation) -> RequestView:
    """Its lines have no number of their own yet."""
    order = reserved.order
    whole, lines = await _facts(connection, reserved, language)
    organisation = (await configuration.get(connection, order.configuration)).organisation
    refs = [item.variables.ref for item in order.items] + ([order.note.ref] if order.note else [])
    words = await texts.read(connection, refs)
    return RequestView(
        **whole,
        note=words.get(order.note.ref) if order.note else None,
        items=[
            LineView(**facts, variables=_shown(organisation, item, words))
            for item, facts in zip(order.items, lines, strict=True)
        ],
        relations=[Relation.REQUESTER.value],
        follows=order.follows,
    )


async def received_why(reserved: Reservation) -> Why:
    number = reserved.order.number
    waiting = [explain_opening(number, reserved.reserved_at)]
    return Why(number=number, state=RECEIVED, open=True, waiting=waiting)


async def _facts(
    connection: AsyncConnection, reserved: Reservation, language: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The fields of the request, and those of each of its lines."""
    order = reserved.order
    organisation = (await configuration.get(connection, order.configuration)).organisation
    people = [order.opened_by, order.requested_for, *(item.requested_for for item in order.items)]
    names = await names_of(connection, people)
    lines = [_of_item(organisation, reserved, item, names, language) for item in order.items]
    whole = lines[0] | {
        "number": order.number,
        "kind": RecordKind.REQUEST.value,
        "parent": order.parent,
        "quantity": len(lines),
        "caller": names.of(order.requested_for),
        "restricted": any(line["restricted"] for line in lines),
    }
    return whole, lines


def _of_item(
    organisation: Organisation, reserved: Reservation, ordered: OrderedItem, names: Names, language: str
) -> dict[str, Any]:
    order, item = reserved.order, organisation.catalog[ordered.item]
    return {
        "number": "",
        "kind": RecordKind.REQUEST_LINE.value,
        "owner": order.number,
        "function": item.function,
        "short_description": in_language(item.name, language),
        "state": RECEIVED,
        "phase": RECEIVED,
        "open": True,
        "item": ordered.item,
        "quantity": ordered.quantity,
        "opened_by": names.of(order.opened_by),
        "caller": names.of(ordered.requested_for),
        "assignment_group": item.fulfilment_group,
        "service": item.service,
        "priority": 3,
        "effective_at": order.effective_at,
        "late": False,
        "restricted": bool(organisation.process_models[item.model].restricted_to),
        "opened_at": reserved.reserved_at,
        "updated_at": reserved.reserved_at,
        "version": 0,
        "waiting": [explain_opening(order.number, reserved.reserved_at)],
    }


def _shown(organisation: Organisation, ordered: OrderedItem, words: Mapping[str, Any]) -> dict[str, Any]:
    item: CatalogItem = organisation.catalog[ordered.item]
    answers: dict[str, Any] = words.get(ordered.variables.ref) or {}
    return {name: value for name, value in answers.items() if name not in sensitive(item.form)}
