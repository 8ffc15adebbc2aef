"""Fill a new request's document from its order: lines, promises, who may see it, its first words."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from activities.silence import keep_silent, restrict, show_to_beneficiary
from activities.steps import instant_of
from activities.values import answers_of, names_future_person
from activities.work import RequestWork
from steadydesk.contracts.link import LinkKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, RequestProcess
from steadydesk.contracts.request_commands import Order, OrderedItem
from steadydesk.contracts.sla import TargetKind
from steadydesk.policies import sla_steps as sla
from steadydesk.policies import sla_terms
from steadydesk.policies.calendar import add_business_time
from steadydesk.policies.rights import Relation
from steadydesk.policies.summary import items_named
from steadydesk.records.links import link


def new_process(order: Order, at: datetime) -> RequestProcess:
    return RequestProcess(
        number=order.number,
        salt=secrets.token_hex(16),
        configuration=order.configuration,
        function="",
        opened_by=order.opened_by,
        requested_for=order.requested_for,
        lines=[],
        note=order.note,
        parent=order.parent,
        parent_step=order.parent_step,
        follows=order.follows,
        opened_at=at,
        updated_at=at,
    )


async def fill(work: RequestWork, order: Order, numbers: Sequence[str]) -> None:
    """Lines with their ``numbers`` and promises, who may see them, and the first words of the record."""
    process = work.process
    process.function = work.organisation.catalog[order.items[0].item].function
    for number, ordered in zip(numbers, order.items, strict=True):
        process.lines.append(await _line(work, order, ordered, number))
    await restrict(work)
    await keep_silent(work)
    _sights(work)
    if order.note is not None:
        work.write_down("comment", order.note)
    work.texts.extend(ordered.variables.ref for ordered in order.items)
    followed = await _taken_up(work, order)
    items = [line.item for line in process.lines]
    work.note("request.opened", process.number, items=items, parent=process.parent, **followed)
    ordered = items_named(work.organisation, [(line.item, line.quantity) for line in process.lines])
    known = {} if process.restricted_to else {"item": ordered}
    work.tell("request.opened", process.customers(work.at), process.number, **known)
    work.said["items"] = ",".join(line.number for line in process.lines)


async def _taken_up(work: RequestWork, order: Order) -> dict[str, str]:
    """The closed request that the order takes up, as a fact of its opening."""
    if order.follows is None:
        return {}
    await link(work.connection, order.number, LinkKind.FOLLOWS, order.follows, work.at)
    return {LinkKind.FOLLOWS.value: order.follows}


async def _line(work: RequestWork, order: Order, ordered: OrderedItem, number: str) -> Line:
    item = work.organisation.catalog[ordered.item]
    line = Line(
        number=number,
        item=ordered.item,
        quantity=ordered.quantity,
        amount=item.price.amount * ordered.quantity,
        currency=item.price.currency,
        variables=ordered.variables,
        requested_for=ordered.requested_for,
        for_future_person=ordered.for_future_person,
        state=work.organisation.process_models[item.model].entry(Phase.RECEIVED),
        clock=sla.start(TargetKind.PROMISE, item.promise, item.calendar, work.at),
        extends=order.extends,
        effective_at=order.effective_at,
    )
    if item.beneficiary is not None and not line.for_future_person:
        line.for_future_person = names_future_person(item, (await answers_of(work, line))["variables"])
    if item.price.variable or (item.effective_at and line.effective_at is None):
        await read_amount_and_date(work, line)
    begins = max(work.at, line.effective_at or work.at)
    line.expected_at = add_business_time(work.calendars[item.calendar], begins, item.promise)
    if begins > work.at:
        line.clock = sla_terms.reschedule(line.clock, work.calendars, work.at, begins)
    return line


async def read_amount_and_date(work: RequestWork, line: Line) -> None:
    """Take the amount and the effective date from the form's answers, where the item says which."""
    item = work.organisation.catalog[line.item]
    answers = (await answers_of(work, line))["variables"]
    if item.price.variable and isinstance(amount := answers.get(item.price.variable), int | float):
        line.amount = float(amount)
    if item.effective_at and isinstance(date := answers.get(item.effective_at), str):
        line.effective_at = instant_of(date, work.calendars[item.calendar].zone)


def _sights(work: RequestWork) -> None:
    process = work.process
    work.show_to(f"p:{process.opened_by}", Relation.REQUESTER)
    for person in sorted(process.beneficiaries):
        show_to_beneficiary(work, person)
    if process.restricted_to:
        for group in process.restricted_to:
            work.show_to(f"g:{group}", Relation.RESTRICTED_GROUP)
        return
    for line in process.lines:
        item = work.organisation.catalog[line.item]
        work.show_to(f"g:{item.fulfilment_group}", Relation.FULFILMENT_GROUP)
        work.show_to(f"f:{item.function}", Relation.PROCESS_OWNER)
