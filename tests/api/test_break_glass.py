"""Break-glass: an hour of sight for a reason; the owners are told, and it is counted."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from steadydesk.records.delivery_fanout import fan_out
from steadydesk.records.tables.delivery import in_app, outbox
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.api_desk import ApiDesk, api_desk
from tests.support.visibility_subjects import MORE_PEOPLE

REASON = {"reason": "The person is in hospital and the file is needed"}


@pytest.fixture(scope="module")
async def desk(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ApiDesk]:
    async with api_desk(postgres, "break_glass", tmp_path_factory.mktemp("api"), MORE_PEOPLE) as opened:
        yield opened


@pytest.fixture
async def number(desk: ApiDesk) -> str:
    return (await desk.order("rita.requester", "hr-conversation", topic="other"))["number"]


async def status(desk: ApiDesk, who: str, number: str) -> int:
    return (await desk.call(who, "GET", f"/requests/{number}")).status_code


@pytest.mark.parametrize("who", ["adam.admin", "otto.operator"])
async def test_it_gives_sight_for_an_hour(desk: ApiDesk, number: str, who: str) -> None:
    assert await status(desk, who, number) == 404
    given = await desk.post(who, f"/records/{number}/break-glass", REASON)
    assert given["number"] == number
    view = await desk.get(who, f"/requests/{number}")
    assert view["relations"] == ["break_glass"]
    desk.services.ahead = timedelta(minutes=61)
    try:
        assert await status(desk, who, number) == 404
    finally:
        desk.services.ahead = timedelta()


async def test_it_is_for_looking_only(desk: ApiDesk, number: str) -> None:
    await desk.post("otto.operator", f"/records/{number}/break-glass", REASON)
    task = (await desk.get("otto.operator", f"/requests/{number}"))["tasks"][0]["number"]
    assert (await desk.get("otto.operator", f"/tasks/{task}"))["sensitive"] == {}
    for action, body in (("comments", {"text": "x"}), ("cancel", {}), ("watch", {})):
        response = await desk.call("otto.operator", "POST", f"/requests/{number}/{action}", body)
        assert response.status_code == 403, action


async def test_its_owners_are_told_with_the_reason_and_it_is_counted(desk: ApiDesk, number: str) -> None:
    await desk.post("otto.operator", f"/records/{number}/break-glass", REASON)
    async with desk.services.engine.begin() as connection:
        row = (
            await connection.execute(
                select(outbox).where(outbox.c.event == "break-glass.used", outbox.c.number == number)
            )
        ).one()
        assert row.audience == ["f:hr", "g:hr-confidential"]
        await fan_out(connection, now=desk.services.clock(), limit=1000, mail=False)
        told = await connection.scalars(select(in_app.c.person).where(in_app.c.outbox_id == row.id))
        # Olaf owns HR processes, but is not named by this restricted record: he must not learn of it.
        assert set(told) == {await desk.person("helga.hrlead")}
    (heard,) = [
        entry
        for entry in (await desk.get("helga.hrlead", "/notifications"))["items"]
        if entry["event"] == "break-glass.used" and entry["number"] == number
    ]
    assert heard["title"]
    events = (await desk.get("otto.operator", "/security-events?limit=1"))["items"]
    assert [(one["kind"], one["number"]) for one in events] == [("break-glass", number)]
    assert REASON["reason"] not in str(events)


async def test_the_owner_of_a_plain_record_reads_who_and_why(desk: ApiDesk) -> None:
    number = (await desk.order("rita.requester", "new-laptop", model="light"))["number"]
    await desk.post("otto.operator", f"/records/{number}/break-glass", REASON)
    (look,) = await desk.get("ines.itlead", f"/audit/{number}/emergencies")
    assert look["person"]["user_name"] == "otto.operator"
    assert look["reason"] == REASON["reason"]
    assert (await desk.call("otto.operator", "GET", f"/audit/{number}/emergencies")).status_code == 403


@pytest.mark.parametrize("who", ["ines.itlead", "rita.requester", "stan.stranger"])
async def test_others_have_no_glass_to_break(desk: ApiDesk, number: str, who: str) -> None:
    response = await desk.call(who, "POST", f"/records/{number}/break-glass", REASON)
    assert response.status_code == 403


async def test_no_emergency_without_a_need_a_reason_or_a_record(desk: ApiDesk, number: str) -> None:
    plain = (await desk.order("otto.operator", "new-laptop", model="light"))["number"]
    for path, body, status_code in (
        (plain, REASON, 409),
        (number, {"reason": "          ."}, 422),
        (number, {}, 422),
        ("REQ9999999", REASON, 404),
    ):
        response = await desk.call("otto.operator", "POST", f"/records/{path}/break-glass", body)
        assert response.status_code == status_code, response.text


async def test_security_events_are_paged(desk: ApiDesk, number: str) -> None:
    for _ in range(3):
        await desk.post("otto.operator", f"/records/{number}/break-glass", REASON)
    whole = (await desk.get("otto.operator", "/security-events"))["items"]
    first = await desk.get("otto.operator", "/security-events?limit=2")
    second = await desk.get("otto.operator", f"/security-events?limit=2&after={first['after']}")
    assert first["items"] + second["items"] == whole[:4]
    assert (await desk.call("ines.itlead", "GET", "/security-events")).status_code == 403
