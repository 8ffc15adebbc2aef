"""Who decides for somebody by some policies only is shown nothing of what is asked by others."""

from tests.portal.visitors import visitor
from tests.support.api_desk import ApiDesk

ACCESS = {"application": "ledger", "level": "read", "until": "2030-03-31", "reason": "Closing of the year"}
LAPTOP = {"model": "light"}


async def test_a_delegate_for_one_policy_is_asked_nothing_of_others(portal: ApiDesk) -> None:
    access = f"{(await portal.order('rita.requester', 'application-access', **ACCESS))['number']}-G1"
    laptop = f"{(await portal.order('rita.requester', 'new-laptop', **LAPTOP))['number']}-G1"
    people = {
        "delegator": await portal.person("mona.manager"),
        "delegate": await portal.person("hanna.hr"),
    }
    now = portal.services.clock()
    span = {"begins_at": now.isoformat(), "ends_at": now.replace(year=now.year + 1).isoformat()}
    limited = people | span | {"policies": ["access"]}
    made = await portal.post("mona.manager", "/delegations", limited)
    async with visitor(portal, "hanna.hr") as hanna:
        home = await hanna.page("/")
        assert 'id="approvals"' in home
        both = await hanna.page(f"/approvals/bulk?gate={access}&gate={laptop}&decision=approved")
        assert access.partition("-")[0] in both
        for html in (home, both, await hanna.page("/approvals")):
            assert "Zugriff auf eine Anwendung" in html
            assert "Neues Notebook" not in html
        assert (await hanna.open(f"/approvals/{access}")).status_code == 200
        assert (await hanna.open(f"/records/{access.partition('-')[0]}")).status_code == 200
        for address in (f"/approvals/{laptop}", f"/records/{laptop.partition('-')[0]}"):
            assert (await hanna.open(address)).status_code == 404
    vote = {"decision": "approved"}
    refused = await portal.call("hanna.hr", "POST", f"/approvals/{laptop}/decision", vote)
    assert refused.status_code == 404
    assert (await portal.get("rita.requester", f"/requests/{laptop.partition('-')[0]}"))["approvals"][0][
        "state"
    ] == "requested"
    await portal.call("mona.manager", "DELETE", f"/delegations/{made['id']}")
