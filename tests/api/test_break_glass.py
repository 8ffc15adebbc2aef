"""Break-glass: an hour of sight for a reason; the owners are told, and it is counted."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from steadydesk.records.delivery_fanout import fan_out
from steadydesk.records.tables.access import break_glass
from steadydesk.records.tables.delivery import in_app, outbox
from steadydesk.records.tables.directory import person
from tests.support.api_desk import ApiDesk

REASON = {"reason": "The person is in hospital and the file is needed"}


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
    with desk.later(timedelta(minutes=61)):
        assert await status(desk, who, number) == 404


async def test_whom_it_is_about_finds_nothing_before_its_hour(desk: ApiDesk) -> None:
    """As of a number that nobody drew, and nothing in the list of operators says otherwise."""
    variables = {"person": "otto.operator", "last_day": "2031-03-31"}
    number = (await desk.order("hanna.hr", "leaver", **variables))["number"]
    before = await desk.get("otto.operator", "/security-events")
    answers = [
        await desk.call("otto.operator", "POST", f"/records/{asked}/break-glass", REASON)
        for asked in (number, "REQ9999999")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    assert await desk.get("otto.operator", "/security-events") == before
    assert (await desk.post("adam.admin", f"/records/{number}/break-glass", REASON))["number"] == number


async def test_it_is_for_looking_only(desk: ApiDesk, number: str) -> None:
    await desk.post("otto.operator", f"/records/{number}/break-glass", REASON)
    task = (await desk.get("otto.operator", f"/requests/{number}"))["tasks"][0]["number"]
    assert (await desk.get("otto.operator", f"/tasks/{task}"))["sensitive"] == {}
    for action, body in (("comments", {"text": "x"}), ("cancel", {}), ("watch", {})):
        response = await desk.call("otto.operator", "POST", f"/requests/{number}/{action}", body)
        assert response.status_code == 403, action


async def told(desk: ApiDesk, event: str) -> list[tuple[str, set[str]]]:
    """What the newest break-glass wrote under this event, and who has it in their list."""
    async with desk.services.engine.begin() as connection:
        await fan_out(connection, now=desk.services.clock(), limit=1000, mail=False)
        newest = select(break_glass.c.id).order_by(break_glass.c.at.desc()).limit(1).scalar_subquery()
        rows = await connection.execute(
            select(outbox).where(outbox.c.event == event, outbox.c.id.contains(newest))
        )
        return [
            (
                row.number,
                set(await connection.scalars(select(in_app.c.person).where(in_app.c.outbox_id == row.id))),
            )
            for row in rows.all()
        ]


async def test_its_owners_are_told_with_the_reason_and_it_is_counted(desk: ApiDesk, number: str) -> None:
    await desk.post("otto.operator", f"/records/{number}/break-glass", REASON)
    assert await told(desk, "break-glass.used") == [(number, {await desk.person("helga.hrlead")})]
    (heard,) = [
        entry
        for entry in (await desk.get("helga.hrlead", "/notifications"))["items"]
        if entry["event"] == "break-glass.used" and entry["number"] == number
    ]
    assert heard["title"]
    events = (await desk.get("otto.operator", "/security-events?limit=1"))["items"]
    assert [(one["kind"], one["number"]) for one in events] == [("break-glass", number)]
    unseen = (await desk.get("adam.admin", "/security-events?limit=1"))["items"]
    assert unseen == [{**events[0], "number": None}]
    assert REASON["reason"] not in str(events)
    (look,) = await desk.get("helga.hrlead", f"/audit/{number}/emergencies")
    assert look["reason"] == REASON["reason"]


async def test_who_answers_for_it_without_sight_hears_that_it_was_and_not_which(
    desk: ApiDesk, number: str
) -> None:
    """Olaf owns the processes of HR, but this record does not name him: number and reason are kept from him."""
    await desk.post("otto.operator", f"/records/{number}/break-glass", REASON)
    [(identity, people)] = await told(desk, "break-glass.reported")
    assert people == {await desk.person("olaf.owner")}
    assert identity.startswith("bg_")
    heard = (await desk.get("olaf.owner", "/notifications"))["items"]
    assert next(entry["number"] for entry in heard if entry["event"].startswith("break-glass")) == identity
    assert number not in str(heard)
    assert (await desk.call("olaf.owner", "GET", f"/requests/{number}")).status_code == 404


async def test_somebody_is_told_also_when_nobody_answers_for_it(desk: ApiDesk, number: str) -> None:
    """Owners and named group have left: the manager of who opened it hears of it, then the administrators."""
    gone = ("helga.hrlead", "olaf.owner")
    for name in gone:
        await desk.post("ada.admin", f"/people/{await desk.person(name)}/deactivate")
    try:
        await desk.post("otto.operator", f"/records/{number}/break-glass", REASON)
        assert [people for _, people in await told(desk, "break-glass.reported")] == [
            {await desk.person("dora.director")}
        ]
        await manage(desk, "otto.operator", None)
        await desk.post("otto.operator", f"/records/{number}/break-glass", REASON)
        administrators = {await desk.person("ada.admin"), await desk.person("adam.admin")}
        assert [people for _, people in await told(desk, "break-glass.reported")] == [administrators]
    finally:
        await manage(desk, "otto.operator", await desk.person("dora.director"))
        for name in gone:
            await desk.post("ada.admin", f"/people/{await desk.person(name)}/reactivate")


async def manage(desk: ApiDesk, who: str, manager: str | None) -> None:
    async with desk.services.engine.begin() as connection:
        await connection.execute(person.update().where(person.c.user_name == who).values(manager=manager))


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
