"""The figures of the pages for operators: counted to a thousand, or kept for a moment and counted anew when asked."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert

from steadydesk.records.engine import make_engine
from steadydesk.records.tables.identity import security_event
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.portal.visitors import Visitor, visitor
from tests.support.api_desk import ApiDesk


@pytest.fixture(scope="module")
async def olga(portal: ApiDesk) -> AsyncIterator[Visitor]:
    await portal.order("rita.requester", "vpn-access", device="laptop")
    async with visitor(portal, "olga.operator") as browser:
        yield browser


async def test_a_flood_of_events_is_counted_to_a_thousand_and_hides_no_other_kind(
    postgres: EmbeddedPostgres, portal: ApiDesk, olga: Visitor
) -> None:
    now = datetime.now(UTC)
    flood = [{"id": f"flood_{place}", "kind": "forged-signal", "at": now} for place in range(1_005)]
    flood.append({"id": "flood_", "kind": "break-glass", "at": now - timedelta(days=3)})
    async with portal.services.engine.begin() as connection:
        await connection.execute(insert(security_event), flood)
    try:
        week = await olga.page("/operations/security?days=7")
        day = await olga.page("/operations/security?days=1")
        assert _tile(await olga.page("/operations"), "/operations/security?days=1") == "1,000+"
    finally:
        # The service itself may not.
        owner = make_engine(postgres.url(str(portal.services.engine.url.database)), pool_size=1)
        async with owner.begin() as connection:
            await connection.execute(delete(security_event).where(security_event.c.id.startswith("flood_")))
        await owner.dispose()
    counted = {
        kind: _tile(week, f"/operations/security?days=7&amp;kind={kind}")
        for kind in ("forged-signal", "break-glass")
    }
    assert counted == {"forged-signal": "1,000+", "break-glass": "1"}
    assert "kind=break-glass" not in day, "only of the days that are asked for"


def _tile(html: str, address: str) -> str:
    found = re.search(rf'<a href="{re.escape(address)}"[^>]*><strong>([^<]*)</strong>', html)
    assert found is not None
    return found[1]


async def test_what_runs_is_counted_anew_when_asked(portal: ApiDesk, olga: Visitor) -> None:
    before = portal.services.ahead
    portal.services.ahead += timedelta(minutes=2)
    try:
        html = await olga.page("/operations")
        await portal.order("rita.requester", "vpn-access", device="laptop")
        assert re.search(r'Counted: <time datetime="[^"]+" title="[-\d]+ [:\d]+ UTC"', html)
        assert _requests(await olga.page("/operations")) == _requests(html)
        portal.services.ahead += timedelta(seconds=3)
        answer = await olga.open("/operations?anew=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/operations")
        assert _requests(await olga.page("/operations")) == _requests(html) + 1
    finally:
        portal.services.ahead = before


def _requests(html: str) -> int:
    counted = re.search(r'id="kind-REQ-title">Requests <span class="tally">(\d+)<', html)
    assert counted is not None
    return int(counted[1])
