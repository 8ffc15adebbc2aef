"""The number at the bell follows the reader's list: told by a hint that says nothing but that it is another one."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from steadydesk.contracts.hint import HintKind
from steadydesk.records.bell import LIST
from steadydesk.records.delivery_fanout import fan_out
from steadydesk.records.tables.delivery import in_app
from tests.portal.test_live import IN_SILENCE, SOON, order, page_of, quiet_page_of
from tests.portal.visitors import tags, visitor
from tests.support.api_desk import ApiDesk


async def list_for(portal: ApiDesk, user_name: str, outbox_id: str) -> int:
    """A new entry, without a ring; its id."""
    row = {"person": await portal.person(user_name), "outbox_id": outbox_id, "event": "delegation.made",
           "number": "DLG-1", "at": portal.services.clock()}  # fmt: skip
    async with portal.services.engine.begin() as connection:
        return (await connection.execute(in_app.insert().values(**row).returning(in_app.c.id))).scalar_one()


async def test_a_ring_for_ones_list_is_heard_by_oneself_and_says_nothing_else(portal: ApiDesk) -> None:
    mona_id = await portal.person("mona.manager")
    async with (
        quiet_page_of(portal, "mona.manager", HintKind.MESSAGES) as mona,
        quiet_page_of(portal, "mona.manager", HintKind.APPROVAL) as other,
        quiet_page_of(portal, "hanna.hr", HintKind.MESSAGES) as hanna,
    ):
        portal.services.bell.ring(f"{LIST}{mona_id}")
        said = await mona.part(SOON)
        assert said is not None
        assert said.endswith("\ndata: messages\n\n")
        assert await other.part(IN_SILENCE) is None
        assert await hanna.part(IN_SILENCE) is None
        await order(portal)
        assert await mona.kinds(IN_SILENCE) == set(), "of records it has not asked"
        assert await other.kinds() == {"approval"}


async def test_what_was_listed_while_nobody_listened_is_found(portal: ApiDesk) -> None:
    await list_for(portal, "hanna.hr", "test:bell-missed")
    async with page_of(portal, "hanna.hr", HintKind.MESSAGES, ago=1) as hanna:
        assert await hanna.kinds() == {"messages"}
    async with page_of(portal, "bert.budget", HintKind.MESSAGES, ago=1) as bert:
        assert await bert.kinds(IN_SILENCE) == set()
    async with portal.services.engine.begin() as connection:
        await connection.execute(delete(in_app).where(in_app.c.outbox_id == "test:bell-missed"))


async def test_the_fan_out_says_whose_lists_have_grown_and_no_history_holds_it(portal: ApiDesk) -> None:
    await order(portal)
    services, mona = portal.services, await portal.person("mona.manager")
    async with services.engine.connect() as connection, connection.begin() as undone:
        done = await fan_out(connection, now=services.clock() + timedelta(1), limit=1000, mail=False)
        listed = set(await connection.scalars(select(in_app.c.person).where(in_app.c.number != "")))
        await undone.rollback()
    assert mona in done.listed
    assert done.listed <= listed
    assert mona not in done.model_dump_json()


@pytest.mark.parametrize("how", ["/notifications/{}/read", "/notifications/all/read"])
async def test_reading_in_one_window_renews_the_number_in_the_others(portal: ApiDesk, how: str) -> None:
    entry = await list_for(portal, "hanna.hr", f"test:bell-{len(how)}")
    async with (
        visitor(portal, "hanna.hr") as hanna,
        quiet_page_of(portal, "hanna.hr", HintKind.MESSAGES) as page,
    ):
        before = await hanna.page("/notifications/bell")
        assert 'aria-hidden="true">1</span>' in before
        assert "<html" not in before
        await hanna.page("/notifications")
        assert (await hanna.send(how.format(entry), newest=str(entry))).status_code == 303
        assert await page.kinds() == {"messages"}
        assert 'class="count"' not in await hanna.page("/notifications/bell")


async def test_every_page_listens_for_its_bell(portal: ApiDesk) -> None:
    number = await order(portal)
    async with visitor(portal, "rita.requester") as rita:
        for path in ("/", "/profile", "/catalog", f"/records/{number}"):
            found = [given for _, given in tags(await rita.page(path)) if "data-bell" in given]
            assert len(found) == 1, path
            assert (found[0]["data-bell"] or "").startswith("/live?about=messages&since="), path
        assert "about=messages" in (await rita.page("/")).split("data-events=", maxsplit=1)[1].split(">")[0]
