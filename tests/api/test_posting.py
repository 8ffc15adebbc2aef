"""Messages about people and configuration, which no process writes, go out as soon as they are there, too."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from steadydesk.records.tables.delivery import outbox
from tests.api.test_configuration_routes import changed
from tests.support.api_desk import ApiDesk

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=7)


async def posted(desk: ApiDesk) -> int:
    async with desk.services.engine.connect() as connection:
        return await connection.scalar(select(func.count()).select_from(outbox)) or 0


async def said(desk: ApiDesk, who: str, path: str, body: Any) -> tuple[bool, bool]:
    """Whether something was written into the outbox, and whether it was looked into."""
    before, woken = await posted(desk), desk.services.waker.woken
    await desk.post(who, path, body)
    return await posted(desk) > before, desk.services.waker.woken > woken


async def test_who_approves_a_configuration_hears_of_it_at_once(desk: ApiDesk) -> None:
    files = changed("promise: PT16H", "promise: PT20H", "catalog/it.yaml")
    proposed = {"files": files, "why": "It takes longer"}
    assert await said(desk, "ines.itlead", "/config/versions", proposed) == (True, True)


async def test_who_is_named_or_owed_something_hears_of_it_at_once(desk: ApiDesk) -> None:
    example = (await desk.get("rita.requester", "/catalog/items/application-access"))["example"]
    number = (await desk.order("rita.requester", "application-access", **example))["number"]
    mona, dora = await desk.person("mona.manager"), await desk.person("dora.director")
    stands_in = {
        "delegator": mona,
        "delegate": dora,
        "begins_at": NOW.isoformat(),
        "ends_at": LATER.isoformat(),
    }
    assert await said(desk, "mona.manager", "/delegations", stands_in) == (True, True)
    complaint = {"kind": "complaint", "text": "It takes too long"}
    assert await said(desk, "rita.requester", f"/records/{number}/feedback", complaint) == (True, True)
    reason = {"reason": "The person is in hospital and the file is needed"}
    hidden = (await desk.order("rita.requester", "hr-conversation", topic="other"))["number"]
    assert await said(desk, "otto.operator", f"/records/{hidden}/break-glass", reason) == (True, True)
    assert await said(desk, "adam.admin", f"/people/{mona}/deactivate", None) == (True, True)
