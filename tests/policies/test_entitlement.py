"""Who sees an item, who may order it for whom, and who knows of a service."""

from typing import Any

import pytest

from steadydesk.contracts.catalog import CatalogItem
from steadydesk.policies.entitlement import known_services, may_order_for_others, may_see, rule_holds
from tests.support.demo_organisation import demo_organisation
from tests.support.requests import item

BERLIN = {"user_name": "ann", "zone": "Europe/Berlin", "groups": ["board"]}
YORK = {"user_name": "ben", "zone": "America/New_York", "groups": list[str]()}


def an_item(entitlement: dict[str, Any] | None = None, **more: Any) -> CatalogItem:
    return CatalogItem.model_validate(item(entitlement=entitlement or {}, **more))


@pytest.mark.parametrize(
    ("lifecycle", "wanted", "groups", "sees"),
    [
        ("published", [], [], True),
        ("published", ["board"], [], False),
        ("published", ["board", "choir"], ["choir"], True),
        ("draft", [], ["board"], False),
        ("retired", ["board"], ["board"], False),
    ],
)
def test_who_sees_an_item(lifecycle: str, wanted: list[str], groups: list[str], sees: bool) -> None:
    assert may_see(an_item({"groups": wanted}, lifecycle=lifecycle), frozenset(groups)) is sees


@pytest.mark.parametrize(
    ("for_others", "groups", "may"),
    [
        (True, [], True),
        (False, ["board"], False),
        (["board"], ["board"], True),
        (["board"], [], False),
        ([], [], False),
    ],
)
def test_who_may_order_for_others(for_others: object, groups: list[str], may: bool) -> None:
    assert may_order_for_others(an_item({"for_others": for_others}), frozenset(groups)) is may


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        (None, True),
        ("requester.zone == 'Europe/Berlin'", True),
        ("requested_for.zone == 'Europe/Berlin'", False),
        ("'board' in requester.groups && !('board' in requested_for.groups)", True),
        ("requested_for.email == 'ben@example.org'", False),
        ("requester.zone ==", False),
    ],
)
def test_the_rule_of_an_item(rule: str | None, holds: bool) -> None:
    """What cannot be evaluated, because a value is missing or the rule is broken, entitles nobody."""
    assert rule_holds(an_item({"rule": rule}), BERLIN, YORK) is holds


@pytest.mark.parametrize(
    ("items", "groups", "known"),
    [
        ([], [], True),
        ([{"entitlement": {"groups": ["board"]}}], [], False),
        ([{"entitlement": {"groups": ["board"]}}], ["board"], True),
        ([{"entitlement": {"groups": ["board"]}}, {}], [], True),
        ([{"lifecycle": "draft"}], ["board"], False),
        ([{"lifecycle": "draft"}], ["it-management"], True),
        ([{"lifecycle": "draft"}], ["service-desk"], True),
        ([{"service": None}], [], True),
    ],
)
def test_who_knows_of_a_service(items: list[dict[str, Any]], groups: list[str], known: bool) -> None:
    """Owned by it-management and supported by the service-desk."""
    catalog = {f"i{at}": an_item(**{"service": "workplace", **one}) for at, one in enumerate(items)}
    organisation = demo_organisation().model_copy(update={"catalog": catalog})
    found = known_services(organisation, frozenset(groups))
    assert ("workplace" in found) is known
    assert found.keys() >= organisation.services.keys() - {"workplace"}
