"""Commands that come too late, twice, from the wrong person or to an older version."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.identity import Scope
from steadydesk.records.engine import make_engine
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.api import token_of
from tests.support.api_desk import ApiDesk
from tests.support.refusals import refused

RITA, MONA = "rita.requester", "mona.manager"
LAPTOP = {"items": [{"item": "new-laptop", "variables": {"model": "light"}}]}


def order(quantity: int) -> dict[str, Any]:
    return {"items": [LAPTOP["items"][0] | {"quantity": quantity}]}


async def reserved(desk: ApiDesk) -> int:
    async with desk.services.engine.connect() as connection:
        return await connection.scalar(text("SELECT count(*) FROM reservation")) or 0


@pytest.fixture(scope="module")
async def number(desk: ApiDesk) -> str:
    return (await desk.post(RITA, "/requests", LAPTOP))["number"]


async def test_a_stale_version(desk: ApiDesk) -> None:
    view = await desk.call(RITA, "POST", "/requests", LAPTOP)
    number, stale = view.json()["number"], view.headers["etag"]
    await desk.post(RITA, f"/requests/{number}/comments", {"text": "first"})
    for action, body in (
        ("cancel", {}),
        ("comments", {"text": "second"}),
        ("watch", {}),
        ("survey", {"score": 3}),
    ):
        response = await desk.call(RITA, "POST", f"/requests/{number}/{action}", body, If_Match=stale)
        refused(response, 412, "stale-version")
    more = f"/approvals/{await gate(desk, number)}/approvers"
    late = await desk.call("ines.itlead", "POST", more, {"person": "dora.director"}, If_Match=stale)
    refused(late, 412, "stale-version")
    fresh = (await desk.call(RITA, "GET", f"/requests/{number}")).headers["etag"]
    assert (
        await desk.call(RITA, "POST", f"/requests/{number}/cancel", {}, If_Match=fresh)
    ).status_code == 200


async def test_people_and_lines_that_are_not_there(desk: ApiDesk, number: str) -> None:
    for path, body, pointer in (
        (f"/requests/{number}/watch", {"person": "nobody.here"}, "/person"),
        (
            f"/requests/{number}/reschedule",
            {"line": "RITM9999999", "effective_at": "2030-01-01T00:00:00Z"},
            "/line",
        ),
        (f"/requests/{number}/reschedule", {"effective_at": "2030-01-01T00:00:00"}, "/effective_at"),
        (f"/requests/{number}/reschedule", {"effective_at": "9999-12-31T00:00:00Z"}, "/effective_at"),
        (f"/requests/{number}/resubmit", {"variables": {"model": "huge"}}, "/variables/model"),
    ):
        refused(await desk.call(RITA, "POST", path, body), 422, "invalid-input", pointer)


async def test_a_line_may_be_typed_as_people_do(desk: ApiDesk) -> None:
    number = (await desk.post(RITA, "/requests", LAPTOP))["number"]
    line = (await desk.get(RITA, f"/requests/{number}"))["items"][0]["number"]
    typed = line.lower().replace("ritm", "ritm ").replace(" 0", " ")
    await desk.post(RITA, f"/requests/{number}/recall", {"line": typed, "reason": "Another model"})
    await desk.post(RITA, f"/requests/{number}/cancel", {"line": typed})
    assert (await desk.get(RITA, f"/requests/{number}"))["items"][0]["phase"] == "cancelled"


async def gate(desk: ApiDesk, number: str) -> str:
    return (await desk.get(RITA, f"/requests/{number}"))["approvals"][0]["id"]


async def test_votes_of_the_wrong_person_and_too_late(desk: ApiDesk) -> None:
    number = (await desk.post(RITA, "/requests", LAPTOP))["number"]
    path = f"/approvals/{await gate(desk, number)}/decision"
    yes = {"decision": "approved"}
    refused(await desk.call(RITA, "POST", path, yes), 403, "self-approval")
    refused(await desk.call("ines.itlead", "POST", path, yes), 403, "not-eligible")
    refused(await desk.call("stan.stranger", "POST", path, yes), 404, "unknown-record")
    refused(await desk.call("portal.service", "POST", path, yes, X_Act_For=MONA), 403, "service-account-vote")
    refused(
        await desk.call(MONA, "POST", path, yes | {"acting_for": "nobody.here"}),
        422,
        "invalid-input",
        "/acting_for",
    )
    for silent in ({"decision": "rejected"}, {"decision": "ask", "comment": " "}):
        refused(await desk.call(MONA, "POST", path, silent), 422, "invalid-input", "/comment")
    await desk.post(MONA, path, yes)
    refused(
        await desk.call(MONA, "POST", path, {"decision": "rejected", "comment": "No"}), 409, "gate-closed"
    )


async def test_a_date_is_moved_to_a_day_that_an_order_could_name_and_then_holds_everywhere(
    desk: ApiDesk,
) -> None:
    wanted = {"room": "quay", "day": "2031-09-01", "people": 4, "catering": False}
    number = (await desk.order(RITA, "meeting-room-setup", **wanted))["number"]
    path = f"/requests/{number}/reschedule"
    late = await desk.call(RITA, "POST", path, {"effective_at": "2001-01-01T00:00:00Z"})
    refused(late, 422, "invalid-input", "/effective_at")
    assert late.json()["problems"][0]["message"] == "must not be a day before today"
    await desk.post(RITA, path, {"effective_at": "2031-09-30T23:30:00Z"})
    [line] = (await desk.get(RITA, f"/requests/{number}"))["items"]
    assert line["variables"] == wanted | {"day": "2031-10-01"}, "where the item's calendar is"
    own = (await desk.order("frida.facilities", "meeting-room-setup", **wanted))["number"]
    before = {"effective_at": "2026-01-05T00:00:00Z"}
    await desk.post("frida.facilities", f"/requests/{own}/reschedule", before)


async def test_an_owner_does_not_make_themselves_an_approver(desk: ApiDesk) -> None:
    number = (await desk.post(RITA, "/requests", LAPTOP))["number"]
    path = f"/approvals/{await gate(desk, number)}/approvers"
    own = await desk.call("ines.itlead", "POST", path, {"person": "ines.itlead"})
    refused(own, 403, "not-allowed", "/person")
    await desk.post("ines.itlead", path, {"person": "dora.director"})


async def test_a_delegation_covers_policies_that_there_are(desk: ApiDesk) -> None:
    new = {
        "delegator": await desk.person(RITA),
        "delegate": await desk.person("ralf.requester"),
        "begins_at": "2031-01-01T00:00:00Z",
        "ends_at": "2031-02-01T00:00:00Z",
    }
    unknown = await desk.call(RITA, "POST", "/delegations", new | {"policies": ["access", "nope"]})
    refused(unknown, 422, "invalid-input", "/policies/1")
    await desk.post(RITA, "/delegations", new | {"policies": ["access"]})


async def test_an_empty_key_is_refused_rather_than_none(desk: ApiDesk) -> None:
    """Who sends one believes that a repeat is harmless."""
    order = {"items": [{"item": "vpn-access", "variables": {"device": "laptop"}}]}
    answer = await desk.call("rita.requester", "POST", "/requests", order, Idempotency_Key="")
    assert refused(answer, 422, "invalid-input")["problems"][0]["pointer"] == "/Idempotency-Key"


async def test_double_submit_and_the_same_key_with_another_body(desk: ApiDesk) -> None:
    before = await reserved(desk)
    answers = await asyncio.gather(
        *(desk.call(RITA, "POST", "/requests", LAPTOP, Idempotency_Key="twice") for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    assert len({answer.json()["number"] for answer in answers}) == 1
    assert await reserved(desk) == before + 1
    other = await desk.call(RITA, "POST", "/requests", order(2), Idempotency_Key="twice")
    refused(other, 422, "same-key-other-body")
    assert (await desk.call(MONA, "POST", "/requests", order(2), Idempotency_Key="twice")).status_code == 201


async def test_an_action_is_done_once_per_key_also_at_the_same_time(desk: ApiDesk, number: str) -> None:
    say = {"text": "only once"}
    path = f"/requests/{number}/comments"
    answers = await asyncio.gather(
        *(desk.call(RITA, "POST", path, say, Idempotency_Key="said") for _ in range(5))
    )
    assert len({answer.text for answer in answers}) == 1, [answer.text for answer in answers]
    assert answers[0].status_code == 200, answers[0].text
    timeline = await desk.get(RITA, f"/requests/{number}/timeline")
    assert sum(entry["text"] == "only once" for entry in timeline["items"]) == 1
    refused(
        await desk.call(RITA, "POST", path, {"text": "other"}, Idempotency_Key="said"),
        422,
        "same-key-other-body",
    )
    refused(
        await desk.call(RITA, "POST", f"/requests/{number}/cancel", {}, Idempotency_Key="said"),
        422,
        "same-key-other-body",
    )


async def test_a_closed_record_refuses_and_offers_a_follow_up(desk: ApiDesk) -> None:
    number = (await desk.post(RITA, "/requests", LAPTOP))["number"]
    sent = {"Idempotency_Key": "closing"}
    first = await desk.call(RITA, "POST", f"/requests/{number}/cancel", {}, **sent)
    again = await desk.call(RITA, "POST", f"/requests/{number}/cancel", {}, **sent)
    assert (first.status_code, first.json()) == (200, again.json())
    late = await desk.call(RITA, "POST", f"/requests/{number}/cancel", {})
    assert refused(late, 409, "record-closed")["follow_up"] == number
    files = {"file": ("a.txt", b"words")}
    path, headers = f"/api/v1/requests/{number}/attachments", await desk.headers(RITA)
    late = await desk.client.post(path, files=files, headers=headers)
    assert refused(late, 409, "record-closed")["follow_up"] == number
    assert (await desk.get(RITA, f"/requests/{number}/attachments"))["items"] == []


@pytest.mark.parametrize(
    ("who", "scope", "status"),
    [(RITA, "read", 403), (RITA, "work", 403), (RITA, "order", 409), ("ingo.it", "work", 409)],
)
async def test_a_move_takes_a_token_for_orders_or_for_work(
    desk: ApiDesk, number: str, who: str, scope: str, status: int
) -> None:
    """The model has no such move, which is said to those alone who might make one."""
    token = await token_of(desk.services.engine, who, frozenset({Scope.READ, Scope(scope)}))
    headers = {"Authorization": f"Bearer {token}"}
    path = f"/api/v1/requests/{number}/move"
    response = await desk.client.post(path, json={"state": "nowhere"}, headers=headers)
    assert response.status_code == status, response.text


async def _one_waits(owner: AsyncConnection) -> None:
    waits = text("SELECT 1 FROM pg_locks WHERE NOT granted LIMIT 1")
    while await owner.scalar(waits) is None:
        await asyncio.sleep(0.02)


async def test_a_command_that_was_held_up_for_a_minute_is_not_taken_in(
    desk: ApiDesk, postgres: EmbeddedPostgres, number: str
) -> None:
    """The caller was asked who they are before; in a minute they may have left."""
    engine = make_engine(postgres.url(desk.services.engine.url.database or ""), pool_size=1)
    say: dict[str, Any] = {"text": "much later"}
    path = f"/requests/{number}/comments"
    async with engine.begin() as owner:
        await owner.execute(text("LOCK TABLE text_body IN ACCESS EXCLUSIVE MODE"))
        sending = asyncio.create_task(desk.call(RITA, "POST", path, say, Idempotency_Key="held-up"))
        await asyncio.wait_for(_one_waits(owner), 10)
        desk.services.ahead = timedelta(seconds=61)
    try:
        response = await sending
    finally:
        desk.services.ahead = timedelta()
        await engine.dispose()
    assert "too long" in refused(response, 503, "unavailable")["detail"]
    assert response.headers["Retry-After"] == "1"
    assert "much later" not in str(await desk.get(RITA, f"/requests/{number}/timeline"))
    assert (await desk.call(RITA, "POST", path, say, Idempotency_Key="held-up")).status_code == 200


async def test_what_was_done_is_never_told_as_not_done(
    desk: ApiDesk, postgres: EmbeddedPostgres, number: str
) -> None:
    """The process answers while its command, which has no key of its caller's, cannot be kept."""
    engine = make_engine(postgres.url(desk.services.engine.url.database or ""), pool_size=1)
    path = f"/requests/{number}/comments"
    async with engine.begin() as owner:
        await owner.execute(text("LOCK TABLE command_key IN ACCESS EXCLUSIVE MODE"))
        refused(
            await desk.call(RITA, "POST", path, {"text": "unsaid"}, Idempotency_Key="k"), 503, "unavailable"
        )
        response = await desk.call(RITA, "POST", path, {"text": "said and done"})
    await engine.dispose()
    assert response.status_code == 200, response.text
    said = [entry["text"] for entry in (await desk.get(RITA, f"/requests/{number}/timeline"))["items"]]
    assert (said.count("said and done"), said.count("unsaid")) == (1, 0)


@pytest.mark.parametrize("key", ["x" * 201])
async def test_keys_that_are_too_long(desk: ApiDesk, key: str) -> None:
    refused(
        await desk.call(RITA, "POST", "/requests", LAPTOP, Idempotency_Key=key),
        422,
        "invalid-input",
        "/Idempotency-Key",
    )
