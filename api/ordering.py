"""Check an order, or a change of one, against catalogue, entitlement, form and directory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from api.follow_up import followed_request
from api.form_answers import LEFT, check_variables, today_of
from api.security import Caller
from steadydesk.contracts.base import Contract
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.words import Words
from steadydesk.errors import InvalidInput, NotEntitled, PreApprovalEnded, Problem, UnknownItem
from steadydesk.policies import entitlement
from steadydesk.policies.pre_approval import has_ended, is_renewed
from steadydesk.records.directory_approvers import people_by_name
from steadydesk.records.directory_facts import person_facts, who_left
from steadydesk.records.engine import Connection


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
    follows: str | None = Field(
        default=None,
        description="The closed request that this order takes up: one that you may see, of any function.",
        max_length=40,
    )


@dataclass(frozen=True)
class Draft:
    """A checked order, not written yet."""

    organisation: Organisation
    configuration: str
    beneficiaries: list[str]
    """Whom each item is for."""
    items: list[ItemOrder]
    note: str | None
    follows: str | None


@dataclass(frozen=True)
class Wanted:
    """One line as it is wanted, by an order or by a change of one, and where the body says so: JSON pointers."""

    ordered: ItemOrder
    requested_for: str
    """Whom it is for, unless the item's own field says another."""
    at: str
    item_at: str
    person_at: str
    renewed: Organisation | None = None
    """Another version that may have renewed the item's pre-approval."""
    of_another: bool = False
    """A bundle ordered it, or another person: the caller is to be entitled only to give it to somebody else."""


async def check_order(
    connection: Connection,
    caller: Caller,
    new: NewRequest,
    organisation: Organisation,
    configuration: str,
) -> Draft:
    """Every fault of the order at once, each with its JSON pointer."""
    requested_for = await _person(connection, new.requested_for, caller.id)
    items = [
        offered(caller, organisation, ordered.item, f"/items/{index}/item")
        for index, ordered in enumerate(new.items)
    ]
    follows, problems = await followed_request(connection, caller, new.follows)
    problems += of_other_functions(items)
    beneficiaries: list[str] = []
    for index, ordered in enumerate(new.items):
        wanted = Wanted(ordered, requested_for, f"/items/{index}", f"/items/{index}/item", "/requested_for")
        person, faults = await check_line(connection, caller, organisation, wanted)
        beneficiaries.append(person)
        problems += faults
    if problems:
        raise InvalidInput("the order does not fit the catalogue", problems=problems)
    return Draft(organisation, configuration, beneficiaries, new.items, new.note, follows)


async def check_line(
    connection: Connection, caller: Caller, organisation: Organisation, wanted: Wanted
) -> tuple[str, list[Problem]]:
    """Whom the line is for, and what does not fit; all that is asked of an order is asked of a change of it.

    UnknownItem, NotEntitled or PreApprovalEnded where it is not the caller's to order, or nobody's.
    """
    ordered, at = wanted.ordered, wanted.at
    item = organisation.catalog[ordered.item]
    check_pre_approval(caller, organisation, ordered.item, wanted.item_at, wanted.renewed)
    person = await beneficiary_of(connection, item, ordered.variables, wanted.requested_for)
    stays = person == wanted.requested_for
    if not wanted.of_another:
        offered(caller, organisation, ordered.item, wanted.item_at)
    if not (stays and wanted.of_another):
        named = wanted.person_at if stays else f"{at}/variables/{item.beneficiary}"
        await check_entitlement(connection, caller, item, person, named)
    problems = await check_variables(
        connection, caller, organisation, item, ordered.variables, f"{at}/variables"
    )
    if ordered.quantity > item.max_quantity:
        problems.insert(0, Problem(f"{at}/quantity", f"at most {item.max_quantity}"))
    return person, problems


def check_pre_approval(
    caller: Caller, organisation: Organisation, key: str, pointer: str, renewed: Organisation | None = None
) -> None:
    """PreApprovalEnded for an item that nobody approves any more, which is named at ``pointer``."""
    item = organisation.catalog[key]
    advance, today = item.pre_approved, today_of(caller, organisation, item)
    if advance is None or not has_ended(item, today):
        return
    if renewed is not None and is_renewed(renewed.catalog.get(key), today):
        return
    raise PreApprovalEnded(
        f"the pre-approval of '{key}' by {advance.by} ended on {advance.until}; it has to be renewed first",
        pointer=pointer,
        details={"item": key, "pre_approved_by": advance.by, "until": advance.until.isoformat()},
    )


def offered(caller: Caller, organisation: Organisation, key: str, pointer: str) -> CatalogItem:
    """UnknownItem for what the caller may not see, too."""
    item = organisation.catalog.get(key)
    if item is None or not entitlement.may_see(item, caller.standing.groups):
        raise UnknownItem(f"the catalogue has no item '{key}'", pointer=pointer)
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
