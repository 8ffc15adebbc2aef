"""For whom an item may be ordered, however the person is named: in the order, or by the item's own field."""

from typing import Any

import pytest

from api.ordering import ItemOrder, NewRequest, check_order
from api.security import Caller
from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.contracts.catalog import Entitlement
from steadydesk.contracts.identity import EVERY_OWN_SCOPE
from steadydesk.errors import NotEntitled
from steadydesk.records.directory_standing import standing_by_name
from steadydesk.records.organisation import in_force
from tests.support.api_desk import ApiDesk
from tests.support.refusals import refused as refusal

RITA, RALF, HR = "rita.requester", "ralf.requester", "hanna.hr"


async def ordered_for(
    desk: ApiDesk, entitlement: Entitlement, requested_for: str | None = None, **variables: Any
) -> str:
    """Whom Rita's key card would be for, where its entitlement is this one."""
    now = desk.services.clock()
    async with desk.services.engine.connect() as connection:
        rita = await standing_by_name(connection, RITA, now)
        assert rita is not None
        caller = Caller(
            person=rita.person,
            standing=rita,
            scopes=EVERY_OWN_SCOPE,
            method=AuthenticationMethod.TOKEN,
            acting_for=None,
            credential="test",
            now=now,
            clock=desk.services.clock,
        )
        digest, resolved = await in_force(connection)
        card = resolved.organisation.catalog["key-card"].model_copy(update={"entitlement": entitlement})
        catalog = {**resolved.organisation.catalog, "key-card": card}
        organisation = resolved.organisation.model_copy(update={"catalog": catalog})
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
