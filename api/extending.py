"""Whether what somebody was given can still be ordered: an extension is another order of the same item."""

from dataclasses import dataclass

from api.security import Caller
from steadydesk.contracts.catalog import CatalogItem, Lifecycle
from steadydesk.contracts.organisation import Organisation
from steadydesk.errors import NotEntitled, Refusal, UnknownItem
from steadydesk.policies import entitlement
from steadydesk.records.directory_facts import person_facts
from steadydesk.records.directory_standing import standing
from steadydesk.records.engine import Connection


@dataclass(frozen=True)
class Held:
    """The key of the item that gave it, who holds it, and whether a plan ordered it and no person did."""

    item: str
    holder: str
    of_plan: bool


async def why_not_longer(
    connection: Connection, caller: Caller, organisation: Organisation, held: Held
) -> Refusal | None:
    """UnknownItem where the item is retired, NotEntitled where neither the caller may order it for the holder nor the
    holder for themselves; whom a plan gave it was never asked for an entitlement. ``organisation`` is the present one.
    """
    item = organisation.catalog.get(held.item)
    if item is None or item.lifecycle is Lifecycle.RETIRED:
        return UnknownItem(f"'{held.item}' is not in the catalogue any more: what it gave cannot be extended")
    if held.of_plan or await _orderers(connection, caller, item, held.holder):
        return None
    return NotEntitled(f"'{held.item}' cannot be ordered any more by you for its holder, nor by them")


async def _orderers(connection: Connection, caller: Caller, item: CatalogItem, holder: str) -> list[str]:
    """Who of the two may order the item for the holder now."""
    groups = {caller.id: caller.standing.groups}
    if holder != caller.id and (who := await standing(connection, holder, caller.now)) is not None:
        groups[holder] = who.groups
    able = [
        one
        for one, theirs in groups.items()
        if entitlement.may_see(item, theirs)
        and (one == holder or entitlement.may_order_for_others(item, theirs))
    ]
    if item.entitlement.rule is None or not able:
        return able
    facts = await person_facts(connection, [*able, holder])
    return [one for one in able if entitlement.rule_holds(item, facts.get(one, {}), facts.get(holder, {}))]
