"""Somebody is named to decide for a person who is absent, by their manager or an administrator."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.journal import audit
from tests.portal.visitors import statements, tags, visitor
from tests.support.api_desk import ApiDesk


def day(portal: ApiDesk, ahead: int) -> str:
    return (portal.services.clock() + timedelta(days=ahead)).date().isoformat()


async def test_a_manager_names_a_deputy_for_somebody_absent(portal: ApiDesk) -> None:
    ralf, mona = await portal.person("ralf.requester"), await portal.person("mona.manager")
    here = f"/people/{ralf}/delegations"
    dates = {"begins": day(portal, 1), "ends": day(portal, 3)}
    async with visitor(portal, "mona.manager") as manager:
        assert here in await manager.page("/profile/delegations")
        await manager.page(here)
        unknown = await manager.send(here, delegate="nobody.here", **dates)
        assert unknown.status_code == 422
        assert 'id="delegation-delegate-error"' in unknown.text
        themselves = await manager.send(here, delegate="ralf.requester", **dates)
        assert 'id="delegation-delegate-error"' in themselves.text
        early = await manager.send(here, delegate="bert.budget", reason="Kept <b>", **dates)
        assert early.status_code == 422
        assert 'id="delegation-begins-error"' in early.text
        assert "Enter the absence first" in early.text
        assert "Kept &lt;b&gt;" in early.text

        away = await manager.send(
            f"/people/{ralf}/absences", away_from=day(portal, 1), away_until=day(portal, 5)
        )
        assert away.headers["location"] == f"{here}?done=absence"
        long = await manager.send(here, delegate="bert.budget", **{**dates, "ends": day(portal, 300)})
        assert long.status_code == 422
        assert 'id="delegation-ends-error"' in long.text
        soon = await manager.send(here, delegate="bert.budget", **{**dates, "begins": day(portal, 0)})
        assert 'id="delegation-begins-error"' in soon.text
        assert "not away yet" in soon.text
        made = await manager.send(here, delegate="bert.budget", policies=["access"], **dates)
        assert made.headers["location"] == f"{here}?done=delegated", made.text
        with statements(portal) as counted:
            html = await manager.page(here)
        assert counted.count <= 5, "\n\n".join(counted.texts)
        assert "Bert Brook" in html
        assert sum(tag == "h1" for tag, _ in tags(html)) == 1

        [given] = await portal.get("ralf.requester", "/delegations")
        assert (given["delegator"], given["policies"], given["made_by"]) == (ralf, ["access"], mona)
        await told_and_audited(portal, given["id"], {ralf, given["delegate"]}, mona)
        ended = await manager.send(f"{here}/{given['id']}/end")
        assert ended.headers["location"] == f"{here}?done=delegation_ended"
        assert await portal.get("ralf.requester", "/delegations") == []
        [absence] = await portal.get("ralf.requester", f"/people/{ralf}/absences")
        removed = await manager.send(f"/people/{ralf}/absences/{absence['id']}/end")
        assert removed.headers["location"] == f"{here}?done=absence_removed"


async def told_and_audited(portal: ApiDesk, delegation: str, people: set[str], by: str) -> None:
    async with portal.services.engine.connect() as connection:
        row = (
            await connection.execute(
                select(outbox.c.audience, outbox.c.facts).where(outbox.c.number == delegation)
            )
        ).one()
        actors = await connection.scalars(select(audit.c.actor).where(audit.c.number == delegation))
        assert list(actors) == [by]
    assert set(row.audience) == {f"p:{person}" for person in people}
    assert row.facts["actor"] == by


@pytest.mark.parametrize("user_name", ["hanna.hr", "olga.operator", "rita.requester"])
async def test_nobody_else_does_nor_sees_it(portal: ApiDesk, user_name: str) -> None:
    ralf = await portal.person("ralf.requester")
    async with visitor(portal, user_name) as other:
        own = await other.page("/profile/delegations")
        assert 'id="for-others"' not in own
        assert (await other.open(f"/people/{ralf}/delegations")).status_code == 403
        dates = {"begins": day(portal, 1), "ends": day(portal, 3)}
        await other.page("/profile/delegations")
        sent = await other.send(f"/people/{ralf}/delegations", delegate=user_name, **dates)
        assert sent.status_code == 403
        away = await other.send(
            f"/people/{ralf}/absences", away_from=day(portal, 1), away_until=day(portal, 2)
        )
        assert away.status_code == 403
    assert await portal.get("ralf.requester", "/delegations") == []


async def test_an_administrator_finds_anybody_by_their_user_name(portal: ApiDesk) -> None:
    ralf = await portal.person("ralf.requester")
    async with visitor(portal, "ada.admin") as ada:
        assert "/profile/delegations/for" in await ada.page("/profile/delegations")
        unknown = await ada.open("/profile/delegations/for?person=nobody.here")
        assert unknown.status_code == 422
        assert 'id="for-person-error"' in unknown.text
        assert 'value="nobody.here"' in unknown.text
        found = await ada.open("/profile/delegations/for?person=ralf.requester")
        assert found.headers["location"] == f"/people/{ralf}/delegations"
        assert (await ada.open(found.headers["location"])).status_code == 200
        own = await ada.open("/profile/delegations/for?person=ada.admin")
        assert own.headers["location"] == "/profile/delegations"
        assert (await ada.open("/people/p_aaaaaaaaaaaa/delegations")).status_code == 404
        assert f"/people/{ralf}/delegations" in await ada.page("/search?q=ralf")


async def test_an_administrator_finds_anybody_by_name(portal: ApiDesk) -> None:
    """Where several may be meant, they are offered; without scripts, too."""
    finder = "/profile/delegations/for?person="
    bert, rita, ralf = [
        await portal.person(name) for name in ("bert.budget", "rita.requester", "ralf.requester")
    ]
    async with visitor(portal, "ada.admin") as ada:
        for typed in ("Bert Brook", " BERT brook ", "rt broo", "bert.budget"):
            assert (await ada.open(finder + typed)).headers["location"] == f"/people/{bert}/delegations"
        with statements(portal) as counted:
            several = await ada.page(f"{finder}.requester")
        assert counted.count <= 5
        assert "Whom do you mean?" in several
        for one in (rita, ralf):
            assert f'href="/people/{one}/delegations"' in several
        assert 'value=".requester"' in several
        assert "Type more of it" not in several
        assert "Type more of it" in await ada.page(f"{finder}e")
        nobody = await ada.open(f"{finder}Nobody Like This")
        assert nobody.status_code == 422
        assert "The directory has no such person." in nobody.text
