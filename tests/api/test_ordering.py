"""For whom an item may be ordered, however the person is named, and that a change of an order is asked the same."""

from datetime import date
from typing import Any

import pytest

from api.ordering import ItemOrder, NewRequest, Wanted, check_line, check_order
from api.security import Caller
from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.contracts.catalog import Entitlement, PreApproval
from steadydesk.contracts.identity import EVERY_OWN_SCOPE
from steadydesk.contracts.organisation import Organisation
from steadydesk.errors import NotEntitled, PreApprovalEnded, UnknownItem
from steadydesk.records.directory_standing import standing_by_name
from steadydesk.records.engine import Connection
from steadydesk.records.organisation import in_force
from tests.support.api_desk import ApiDesk
from tests.support.refusals import refused as refusal

RITA, RALF, HR = "rita.requester", "ralf.requester", "hanna.hr"


async def caller_of(desk: ApiDesk, connection: Connection, user_name: str) -> Caller:
    now = desk.services.clock()
    standing = await standing_by_name(connection, user_name, now)
    assert standing is not None
    return Caller(
        person=standing.person,
        standing=standing,
        scopes=EVERY_OWN_SCOPE,
        method=AuthenticationMethod.TOKEN,
        acting_for=None,
        credential="test",
        now=now,
        clock=desk.services.clock,
    )


def with_item(organisation: Organisation, key: str, **update: Any) -> Organisation:
    item = organisation.catalog[key].model_copy(update=update)
    return organisation.model_copy(update={"catalog": {**organisation.catalog, key: item}})


async def ordered_for(
    desk: ApiDesk, entitlement: Entitlement, requested_for: str | None = None, **variables: Any
) -> str:
    """Whom Rita's key card would be for, where its entitlement is this one."""
    async with desk.services.engine.connect() as connection:
        caller = await caller_of(desk, connection, RITA)
        digest, resolved = await in_force(connection)
        organisation = with_item(resolved.organisation, "key-card", entitlement=entitlement)
        item = ItemOrder(item="key-card", variables={"building": "berlin", **variables})
        new = NewRequest(items=[item], requested_for=requested_for)
        return (await check_order(connection, caller, new, organisation, digest)).beneficiaries[0]


async def test_only_for_yourself_means_by_the_items_own_field_too(desk: ApiDesk) -> None:
    alone = Entitlement(for_others=False)
    assert await ordered_for(desk, alone) == await desk.person(RITA)
    assert await ordered_for(desk, alone, holder=RITA) == await desk.person(RITA)
    with pytest.raises(NotEntitled) as refused:
        await ordered_for(desk, alone, requested_for=RALF)
    assert refused.value.pointer == "/requested_for"
    with pytest.raises(NotEntitled) as refused:
        await ordered_for(desk, alone, holder=RALF)
    assert refused.value.pointer == "/items/0/variables/holder"


async def test_the_entitlement_rule_looks_at_whom_it_is_for(desk: ApiDesk) -> None:
    rule = Entitlement(rule=f"requested_for.user_name == '{RALF}'")
    assert await ordered_for(desk, rule, holder=RALF) == await desk.person(RALF)
    with pytest.raises(NotEntitled):
        await ordered_for(desk, rule)


@pytest.mark.parametrize(
    ("who", "item", "variables", "requested_for", "pointer"),
    [
        (RITA, "vpn-access", {"device": "laptop"}, RALF, "/requested_for"),
        (RITA, "new-laptop", {"model": "light", "holder": RALF}, None, "/items/0/variables/holder"),
        (RITA, "new-laptop", {"model": "light", "holder": RALF.upper()}, None, "/items/0/variables/holder"),
        (HR, "leaver", {"person": RALF, "last_day": "2031-03-31"}, None, "/items/0/variables/person"),
    ],
)
async def test_nothing_is_ordered_for_who_has_left(
    desk: ApiDesk, who: str, item: str, variables: dict[str, Any], requested_for: str | None, pointer: str
) -> None:
    """And by the same order it can be, once they are there."""
    body = {"items": [{"item": item, "variables": variables}], "requested_for": requested_for}
    ralf = await desk.person(RALF)
    await desk.post("ada.admin", f"/people/{ralf}/deactivate")
    refusal(await desk.call(who, "POST", "/requests", body), 422, "invalid-input", pointer)
    by_id = body | {"requested_for": ralf}
    if requested_for:
        refusal(await desk.call(who, "POST", "/requests", by_id), 422, "invalid-input", pointer)
    await desk.post("ada.admin", f"/people/{ralf}/reactivate")
    await desk.post(who, "/requests", body)


# a change of an order


async def test_a_change_is_held_to_the_quantity_of_its_item(desk: ApiDesk) -> None:
    view = await desk.order(RITA, "new-laptop", model="light")
    path, body = f"/requests/{view['number']}/resubmit", {"variables": {"model": "light"}}
    answer = await desk.call(RITA, "POST", path, body | {"quantity": 6})
    refusal(answer, 422, "invalid-input", "/quantity")
    await desk.post(RITA, path, body | {"quantity": 5})
    assert (await desk.get(RITA, f"/requests/{view['number']}"))["items"][0]["quantity"] == 5


async def test_a_change_has_every_fault_at_once(desk: ApiDesk) -> None:
    number = (await desk.order(RITA, "new-laptop", model="light"))["number"]
    body = {"variables": {"model": "huge"}, "quantity": 100}
    answer = await desk.call(RITA, "POST", f"/requests/{number}/resubmit", body)
    refusal(answer, 422, "invalid-input", "/quantity", "/variables/model")


async def test_nobody_changes_an_order_of_what_they_may_not_order_any_more(desk: ApiDesk) -> None:
    variables = {"person": RALF, "last_day": "2031-03-31"}
    number = (await desk.order(HR, "leaver", **variables))["number"]
    path, body = f"/requests/{number}/resubmit", {"variables": variables | {"last_day": "2031-04-30"}}
    groups = [key for key in ("hr-desk", "hr-management") if key in (await desk.get(HR, "/me"))["groups"]]
    assert groups
    members = [f"/groups/{key}/members/{await desk.person(HR)}" for key in groups]
    for member in members:
        assert (await desk.call("ada.admin", "DELETE", member)).status_code == 204
    refusal(await desk.call(HR, "POST", path, body), 422, "unknown-item", "/line")
    for member in members:
        assert (await desk.call("ada.admin", "PUT", member)).status_code == 204
    await desk.post(HR, path, body)


async def changed(
    desk: ApiDesk, item: str, of_another: bool = False, renewed: bool = False, **update: Any
) -> str:
    """Whom Rita's line of the item is for, where the version that its process keeps has it like this."""
    async with desk.services.engine.connect() as connection:
        caller = await caller_of(desk, connection, RITA)
        organisation = (await in_force(connection))[1].organisation
        ordered = ItemOrder(item=item, variables=organisation.catalog[item].example)
        present = organisation if renewed else None
        wanted = Wanted(ordered, caller.id, "", "/line", "/line", renewed=present, of_another=of_another)
        kept = with_item(organisation, item, **update)
        person, problems = await check_line(connection, caller, kept, wanted)
        assert problems == []
        return person


async def test_what_a_bundle_or_another_ordered_is_changed_by_who_could_not_order_it(desk: ApiDesk) -> None:
    hidden = Entitlement(groups=["hr-management"])
    assert await changed(desk, "vpn-access", of_another=True, entitlement=hidden) == await desk.person(RITA)
    with pytest.raises(UnknownItem) as refused:
        await changed(desk, "vpn-access", entitlement=hidden)
    assert refused.value.pointer == "/line"


async def test_a_change_of_what_nobody_approves_any_more_needs_its_renewal(desk: ApiDesk) -> None:
    ended = PreApproval(by="it-management", until=date(2026, 1, 31))
    with pytest.raises(PreApprovalEnded) as refused:
        await changed(desk, "vpn-access", pre_approved=ended)
    assert refused.value.pointer == "/line"
    assert await changed(desk, "vpn-access", renewed=True, pre_approved=ended) == await desk.person(RITA)


async def test_an_amount_that_the_form_states_is_described(desk: ApiDesk) -> None:
    item = await desk.get(RITA, "/catalog/items/expense-payment")
    assert item["price_variable"] == "amount"
    assert item["form"]["properties"]["amount"]["multipleOf"] == 0.01
    assert (await desk.get(RITA, "/catalog/items/new-laptop"))["price_variable"] is None
