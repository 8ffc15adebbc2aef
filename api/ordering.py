"""Check an order against catalogue, entitlement, form and directory, and reserve its number with its texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field

from api.security import Caller
from steadydesk.contracts.base import Contract
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.form import FieldKind, Form
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.request_commands import Order, OrderedItem
from steadydesk.contracts.words import Words
from steadydesk.errors import InvalidInput, NotEntitled, PreApprovalEnded, Problem, UnknownItem
from steadydesk.policies import entitlement, form
from steadydesk.policies.order_dates import begun, passed
from steadydesk.policies.pre_approval import has_ended
from steadydesk.records import texts
from steadydesk.records.directory_approvers import people_by_name
from steadydesk.records.directory_facts import known_groups, person_facts, who_left
from steadydesk.records.engine import Connection
from steadydesk.records.processes import draw_number

LEFT = "this person has left"


class ItemOrder(Contract):
    """One item of an order; ``variables`` answer its form."""

    item: str = Field(max_length=63, examples=["vpn-access"])
    quantity: int = Field(default=1, ge=1, le=100)
    variables: dict[str, Any] = Field(default_factory=dict)


class NewRequest(Contract):
    """An order: one or several items of one function, for yourself or for somebody else."""

    items: list[ItemOrder] = Field(min_length=1, max_length=50)
    requested_for: str | None = Field(
        default=None, description="User name or id; null: yourself.", max_length=100
    )
    note: Words | None = None


@dataclass(frozen=True)
class Draft:
    """A checked order, not written yet."""

    organisation: Organisation
    configuration: str
    beneficiaries: list[str]
    """Whom each item is for."""
    items: list[ItemOrder]
    note: str | None


async def check_order(
    connection: Connection,
    caller: Caller,
    new: NewRequest,
    organisation: Organisation,
    configuration: str,
) -> Draft:
    """Every fault of the order at once, each with its JSON pointer."""
    requested_for = await _person(connection, new.requested_for, caller.id)
    items = [_offered(caller, organisation, ordered, index) for index, ordered in enumerate(new.items)]
    problems = of_other_functions(items)
    beneficiaries: list[str] = []
    for index, (ordered, item) in enumerate(zip(new.items, items, strict=True)):
        at = f"/items/{index}"
        check_pre_approval(caller, organisation, ordered.item, f"{at}/item")
        person = await beneficiary_of(connection, item, ordered.variables, requested_for)
        named = "/requested_for" if person == requested_for else f"{at}/variables/{item.beneficiary}"
        await check_entitlement(connection, caller, item, person, named)
        beneficiaries.append(person)
        if ordered.quantity > item.max_quantity:
            problems.append(Problem(f"{at}/quantity", f"at most {item.max_quantity}"))
        problems += await check_variables(
            connection, caller, organisation, item, ordered.variables, f"{at}/variables"
        )
    if problems:
        raise InvalidInput("the order does not fit the catalogue", problems=problems)
    return Draft(organisation, configuration, beneficiaries, new.items, new.note)


def check_pre_approval(caller: Caller, organisation: Organisation, key: str, pointer: str) -> None:
    """PreApprovalEnded for an item that nobody approves any more, which is named at ``pointer``."""
    item = organisation.catalog[key]
    advance = item.pre_approved
    if advance is None or not has_ended(item, today_of(caller, organisation, item)):
        return
    raise PreApprovalEnded(
        f"the pre-approval of '{key}' by {advance.by} ended on {advance.until}; it has to be renewed first",
        pointer=pointer,
        details={"item": key, "pre_approved_by": advance.by, "until": advance.until.isoformat()},
    )


def _offered(caller: Caller, organisation: Organisation, ordered: ItemOrder, index: int) -> CatalogItem:
    """UnknownItem for what the caller may not see, too."""
    item = organisation.catalog.get(ordered.item)
    if item is None or not entitlement.may_see(item, caller.standing.groups):
        raise UnknownItem(f"the catalogue has no item '{ordered.item}'", pointer=f"/items/{index}/item")
    return item


def of_other_functions(items: Sequence[CatalogItem]) -> list[Problem]:
    """The items that are not of the first one's function: an order is one record, and its function says whose."""
    first = items[0].function
    return [
        Problem(
            f"/items/{index}/item",
            f"is of the function '{item.function}', the first item of '{first}': each needs an order of its own",
        )
        for index, item in enumerate(items)
        if item.function != first
    ]


async def check_entitlement(
    connection: Connection, caller: Caller, item: CatalogItem, person: str, pointer: str
) -> None:
    """NotEntitled unless the caller may order the item for ``person``, who is named at ``pointer``."""
    if person != caller.id and not entitlement.may_order_for_others(item, caller.standing.groups):
        raise NotEntitled("this item cannot be ordered by you for somebody else", pointer=pointer)
    if item.entitlement.rule is None:
        return
    facts = await person_facts(connection, [caller.id, person])
    if not entitlement.rule_holds(item, facts.get(caller.id, {}), facts.get(person, {})):
        raise NotEntitled("the item's entitlement rule does not include this order", pointer=pointer)


async def check_variables(
    connection: Connection,
    caller: Caller,
    organisation: Organisation,
    item: CatalogItem,
    variables: dict[str, Any],
    at: str,
    *,
    present: bool = True,
) -> list[Problem]:
    """What does not fit the item's form, references that name nobody, and days that have passed; where ``present``
    also people who have left.
    """
    problems = await check_answers(connection, item.form, variables, at, present=present)
    named = {problem.pointer for problem in problems}
    today = today_of(caller, organisation, item)
    days = passed(item, variables, today, may_backdate=may_backdate(caller, item))
    late = (Problem(at + problem.pointer, problem.message) for problem in days)
    return [*problems, *(problem for problem in late if problem.pointer not in named)]


def may_backdate(caller: Caller, item: CatalogItem) -> bool:
    """Who carries it out, or owns its process, enters what began before they heard of it."""
    works = item.fulfilment_group in caller.standing.groups
    return works or f"f:{item.function}" in caller.standing.own_sight


def check_date(caller: Caller, organisation: Organisation, item: CatalogItem, effective_at: datetime) -> None:
    """InvalidInput for an effective date that an order of the caller could not name."""
    day = effective_at.astimezone(ZoneInfo(organisation.calendars[item.calendar].zone)).date()
    today, backdates = today_of(caller, organisation, item), may_backdate(caller, item)
    if problems := list(begun(day, today, "/effective_at", may_backdate=backdates)):
        raise InvalidInput("the date has passed", problems=problems)


def today_of(caller: Caller, organisation: Organisation, item: CatalogItem) -> date:
    """The day on which the caller asks, where the item's calendar is."""
    return caller.now.astimezone(ZoneInfo(organisation.calendars[item.calendar].zone)).date()


async def check_answers(
    connection: Connection, asked: Form, variables: dict[str, Any], at: str, *, present: bool = False
) -> list[Problem]:
    """The same for any form, except for the days."""
    problems = [Problem(at + fault.pointer, fault.message) for fault in form.check(asked, variables)]
    named = form.references(asked, variables)
    people = [value for _, kind, value in named if kind is FieldKind.PERSON]
    groups = [value for _, kind, value in named if kind is FieldKind.GROUP]
    known = await people_by_name(connection, people) if people else dict[str, str]()
    left = await who_left(connection, known.values()) if known and present else set[str]()
    known_keys = await known_groups(connection, groups) if groups else set[str]()
    for pointer, kind, value in named:
        if kind is FieldKind.PERSON and value.lower() not in known:
            problems.append(Problem(at + pointer, "the directory has no person with this user name"))
        if kind is FieldKind.PERSON and known.get(value.lower()) in left:
            problems.append(Problem(at + pointer, LEFT))
        if kind is FieldKind.GROUP and value not in known_keys:
            problems.append(Problem(at + pointer, "the directory has no group with this key"))
    return problems


async def numbered_order(
    connection: Connection, caller: Caller, draft: Draft
) -> tuple[Order, list[texts.NewText]]:
    """The order under a number of its own, and the words that it refers to; neither is written yet."""
    answers = [texts.prepare(ordered.variables, caller.id) for ordered in draft.items]
    note = texts.prepare(draft.note, caller.id) if draft.note else None
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
    )
    return order, [*answers, *([note] if note else [])]


async def beneficiary_of(
    connection: Connection, item: CatalogItem, variables: dict[str, Any], requested_for: str
) -> str:
    """The item's own person field overrides who the order is for, where the person is in the directory."""
    named = variables.get(item.beneficiary) if item.beneficiary else None
    if not isinstance(named, str):
        return requested_for
    return (await people_by_name(connection, [named])).get(named.lower(), requested_for)


async def _person(connection: Connection, named: str | None, default: str) -> str:
    if named is None or named == default:
        return default
    found = (await people_by_name(connection, [named])).get(named.lower())
    known = found or next(iter(await person_facts(connection, [named])), None)
    if known is None:
        raise InvalidInput(
            "unknown person", problems=[Problem("/requested_for", "the directory has no such person")]
        )
    if await who_left(connection, [known]):
        raise InvalidInput("nothing is ordered for who has left", problems=[Problem("/requested_for", LEFT)])
    return known
