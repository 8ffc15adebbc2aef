"""Who sees an item of the catalogue, who may order it for whom, and who knows of a service."""

from typing import Any

from steadydesk.contracts.catalog import CatalogItem, Lifecycle
from steadydesk.contracts.organisation import Organisation, Service
from steadydesk.policies import expression
from steadydesk.policies.expression_names import select


def may_see(item: CatalogItem, groups: frozenset[str]) -> bool:
    """Published, and open to everybody or to one of the person's groups."""
    if item.lifecycle is not Lifecycle.PUBLISHED:
        return False
    return not item.entitlement.groups or not groups.isdisjoint(item.entitlement.groups)


def may_order_for_others(item: CatalogItem, groups: frozenset[str]) -> bool:
    allowed = item.entitlement.for_others
    return allowed if isinstance(allowed, bool) else not groups.isdisjoint(allowed)


def rule_holds(item: CatalogItem, requester: dict[str, Any], requested_for: dict[str, Any]) -> bool:
    """The item's own rule over both people; a rule that cannot be evaluated entitles nobody."""
    rule = item.entitlement.rule
    if rule is None:
        return True
    values = {"requester": requester, "requested_for": requested_for}
    try:
        return expression.holds(rule, select(values, expression.names(rule)))
    except expression.ExpressionError:
        return False


def known_services(organisation: Organisation, groups: frozenset[str]) -> dict[str, Service]:
    """Those that a member of the groups may know of, by key. A service says nothing of who may know of it, so its items
    do: whoever sees one of them knows it, and so do those who own or support it. One without items is everybody's.
    """
    items = [item for item in organisation.catalog.values() if item.service is not None]
    hidden = {item.service for item in items} - {item.service for item in items if may_see(item, groups)}
    return {
        key: service
        for key, service in organisation.services.items()
        if key not in hidden or not groups.isdisjoint((service.owner, service.support_group))
    }
