"""What waits for somebody never holds what they may not decide: neither at home, nor in the inbox, nor at the API."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory import NewPerson
from steadydesk.records.directory import add_person
from steadydesk.records.directory_events import installation
from steadydesk.records.directory_standing import standing
from steadydesk.records.views.approval_inbox import approval_inbox
from steadydesk.records.views.home import home_content
from steadydesk.records.views.visibility import Viewer
from tests.portal.visitors import visitor
from tests.support.api_desk import ApiDesk

ACCESS = {"application": "ledger", "level": "read", "until": "2030-03-31", "reason": "Closing of the year"}


@asynccontextmanager
async def standing_for_mona(portal: ApiDesk, *who: str) -> AsyncIterator[None]:
    now, made = portal.services.clock(), []
    span = {"begins_at": now.isoformat(), "ends_at": now.replace(year=now.year + 1).isoformat()}
    for one in who:
        new = span | {"delegator": await portal.person("mona.manager"), "delegate": await portal.person(one)}
        made.append((await portal.post("mona.manager", "/delegations", new))["id"])
    try:
        yield
    finally:
        for delegation in made:
            await portal.call("mona.manager", "DELETE", f"/delegations/{delegation}")


async def waits_for(portal: ApiDesk, who: str, gate: str) -> set[str]:
    """Where the person finds the gate."""
    found = await portal.get(who, "/approvals?state=requested&limit=200")
    places = {"api"} if gate in {one["id"] for one in found["items"]} else set[str]()
    async with visitor(portal, who) as somebody:
        pages = {path: await somebody.page(path) for path in ("/", "/approvals")}
    return places | {path for path, html in pages.items() if f'href="/approvals/{gate}"' in html}


async def refuse_all(portal: ApiDesk) -> None:
    """So that what comes now has room on the first page."""
    refusal = {"decision": "rejected", "comment": "Left over"}
    for one in (await portal.get("mona.manager", "/approvals?state=requested&limit=200"))["items"]:
        await portal.call("mona.manager", "POST", f"/approvals/{one['id']}/decision", refusal)


async def test_nobody_is_asked_about_what_is_for_them_in_the_name_of_another(portal: ApiDesk) -> None:
    """The policy leaves out the requester and whom it is for."""
    await refuse_all(portal)
    everywhere = {"api", "/", "/approvals"}
    for_ralf = await portal.order("rita.requester", "application-access", "ralf.requester", **ACCESS)
    gate = f"{for_ralf['number']}-G1"
    async with standing_for_mona(portal, "ralf.requester", "rita.requester", "bert.budget"):
        assert await waits_for(portal, "mona.manager", gate) == everywhere
        assert await waits_for(portal, "bert.budget", gate) == everywhere
        assert await waits_for(portal, "ralf.requester", gate) == set(), "it is for him"
        assert await waits_for(portal, "rita.requester", gate) == set(), "she asked for it"
        decision = {"decision": "approved"}
        refused = await portal.call("ralf.requester", "POST", f"/approvals/{gate}/decision", decision)
        assert refused.status_code == 403
        assert refused.json()["type"].endswith("/self-approval")


async def test_whom_it_is_for_may_be_asked_where_the_policy_allows_it(portal: ApiDesk) -> None:
    """A mailing list's policy leaves out the requester alone."""
    await refuse_all(portal)
    ordered = await portal.order(
        "rita.requester",
        "mailing-list",
        "ralf.requester",
        address="may-be-asked",
        owner="rita.requester",
        open_to_outside=False,
    )
    gate = f"{ordered['number']}-G1"
    async with standing_for_mona(portal, "ralf.requester"):
        assert await waits_for(portal, "ralf.requester", gate) == {"api", "/", "/approvals"}


async def test_a_second_account_is_no_other_person(portal: ApiDesk) -> None:
    await refuse_all(portal)
    services, rita = portal.services, await portal.person("rita.requester")
    async with services.engine.begin() as connection:
        second = NewPerson(
            user_name="rita.second", name="Rita Reed", email="r2@example.org", natural_person=rita
        )
        await add_person(connection, second, installation(services.clock()))
    gate = f"{(await portal.order('rita.requester', 'application-access', **ACCESS))['number']}-G1"
    async with standing_for_mona(portal, "rita.second"):
        assert await waits_for(portal, "rita.second", gate) == set()
        assert await waits_for(portal, "mona.manager", gate) == {"api", "/", "/approvals"}


@pytest.mark.parametrize("may_delegate", [True, False])
async def test_a_stage_that_takes_no_delegate_asks_none(portal: ApiDesk, may_delegate: bool) -> None:
    await refuse_all(portal)
    gate = f"{(await portal.order('rita.requester', 'application-access', **ACCESS))['number']}-G1"
    setting = str(may_delegate).lower()
    change = text(
        "UPDATE configuration_version SET document = jsonb_set(document, "
        "'{approval_policies,access,stages,supervisor,may_delegate}', CAST(:value AS jsonb))"
    )
    async with standing_for_mona(portal, "bert.budget"), portal.services.engine.connect() as connection:
        undone = await connection.begin()
        await connection.execute(change, {"value": setting})
        assert gate in await _listed(portal, connection, "mona.manager")
        assert (gate in await _listed(portal, connection, "bert.budget")) is may_delegate
        await connection.execute(
            text("UPDATE configuration_version SET document = document - 'approval_policies'")
        )
        assert gate in await _listed(portal, connection, "bert.budget"), "read from the whole"
        await undone.rollback()


async def _listed(portal: ApiDesk, connection: AsyncConnection, who: str) -> set[str]:
    """At home and in the inbox, which agree."""
    now = portal.services.clock()
    found = await standing(connection, await portal.person(who), now)
    assert found is not None
    viewer = Viewer.of(found, now)
    inbox = await approval_inbox(connection, viewer, ["requested"], 25)
    home = (await home_content(connection, viewer, found.groups)).approvals
    listed: tuple[Iterable[str], Iterable[str]] = ([one.id for one in inbox], [one.id for one in home])
    assert set(listed[0]) == set(listed[1])
    return set(listed[0])
