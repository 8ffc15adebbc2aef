"""An order that takes up a closed one: both say so to those who see both, and to nobody else."""

from typing import Any, Never

import pytest
from sqlalchemy import delete
from temporalio.service import RPCError, RPCStatusCode

from activities.registry import REQUESTS
from activities.request import RequestActivities
from activities.transition import Transitions
from api.follow_up import NO_REQUEST, STILL_OPEN
from api.received import UNKNOWN
from steadydesk.contracts.kept_command import KeptCommand
from steadydesk.contracts.request_commands import Tick
from steadydesk.records.tables.link import record_link
from tests.support.api_desk import ApiDesk
from tests.support.quiet import Quiet
from tests.support.refusals import refused

RITA, MONA, HR = "rita.requester", "mona.manager", "helga.hrlead"
LAPTOP: dict[str, Any] = {"item": "new-laptop", "variables": {"model": "light"}}
TALK: dict[str, Any] = {"item": "hr-conversation", "variables": {"topic": "health"}}


async def never(_: KeptCommand) -> Never:
    raise RPCError("stopped", RPCStatusCode.UNAVAILABLE, b"")


async def ordered(desk: ApiDesk, *items: dict[str, Any], follows: str | None = None) -> str:
    return (await desk.post(RITA, "/requests", {"items": items, "follows": follows}))["number"]


async def closed(desk: ApiDesk, *items: dict[str, Any]) -> str:
    number = await ordered(desk, *items)
    await desk.post(RITA, f"/requests/{number}/cancel", {})
    return number


async def named_in_steps(desk: ApiDesk, who: str, number: str) -> list[list[str | None]]:
    """What the opening of the request refers to, in its timeline and in its audit chain."""
    lists = [
        (await desk.get(who, path))["items"] for path in (f"/requests/{number}/timeline", f"/audit/{number}")
    ]
    return [
        [each["facts"].get("follows") for each in found if each["event"] == "request.opened"]
        for found in lists
    ]


@pytest.mark.parametrize(("first", "then"), [(LAPTOP, LAPTOP), (LAPTOP, TALK)])
async def test_both_requests_say_so(desk: ApiDesk, first: dict[str, Any], then: dict[str, Any]) -> None:
    """Also of another function, and however the number was typed."""
    number = await closed(desk, first)
    follow_up = await ordered(desk, then, follows=number.lower().replace("req000", "req "))
    view = await desk.get(RITA, f"/requests/{follow_up}")
    assert (view["follows"], view["followed_by"]) == (number, [])
    again = await ordered(desk, then, follows=number)
    view = await desk.get(RITA, f"/requests/{number}")
    assert (view["follows"], view["followed_by"]) == (None, [follow_up, again])
    assert await named_in_steps(desk, RITA, follow_up) == [[number], [number]]


async def test_the_refusal_names_what_can_be_followed(desk: ApiDesk) -> None:
    number = await closed(desk, LAPTOP)
    late = await desk.call(RITA, "POST", f"/requests/{number}/comments", {"text": "And now?"})
    offered = refused(late, 409, "record-closed")["follow_up"]
    view = await desk.get(RITA, f"/requests/{await ordered(desk, LAPTOP, follows=offered)}")
    assert view["follows"] == number


@pytest.mark.parametrize("typed", ["RITM0000001", "GRA0000001", "REQ0000001-G1", "yesterday's", ""])
async def test_what_is_no_request_is_told_as_that(desk: ApiDesk, typed: str) -> None:
    answer = await desk.call(RITA, "POST", "/requests", {"items": [LAPTOP], "follows": typed})
    [problem] = refused(answer, 422, "invalid-input")["problems"]
    assert (problem["pointer"], problem["message"]) == ("/follows", NO_REQUEST)


@pytest.mark.parametrize("typed", ["hidden", "REQ0999999"])
async def test_what_is_hidden_is_refused_as_what_is_not_there(desk: ApiDesk, typed: str) -> None:
    if typed == "hidden":
        typed = (await desk.order(HR, "hr-conversation", topic="health"))["number"]
        await desk.post(HR, f"/requests/{typed}/cancel", {})
    answer = await desk.call(RITA, "POST", "/requests", {"items": [LAPTOP], "follows": typed})
    [problem] = refused(answer, 422, "invalid-input")["problems"]
    assert (problem["pointer"], problem["message"]) == ("/follows", UNKNOWN)


async def test_what_is_open_is_commented_on_instead(desk: ApiDesk) -> None:
    """A closed line takes no comment of its own, so that an order that has one can be taken up."""
    number = await ordered(desk, LAPTOP, LAPTOP)
    body = {"items": [LAPTOP | {"variables": {}}], "follows": number}
    answer = await desk.call(RITA, "POST", "/requests", body)
    problems = refused(answer, 422, "invalid-input")["problems"]
    assert [each["pointer"] for each in problems] == ["/follows", "/items/0/variables/model"]
    assert problems[0]["message"] == STILL_OPEN
    line = (await desk.get(RITA, f"/requests/{number}"))["items"][0]["number"]
    await desk.post(RITA, f"/requests/{number}/cancel", {"line": line})
    late = await desk.call(RITA, "POST", f"/requests/{number}/cancel", {"line": line})
    assert refused(late, 409, "record-closed")["follow_up"] == number
    view = await desk.get(RITA, f"/requests/{await ordered(desk, LAPTOP, follows=number)}")
    assert view["follows"] == number


async def test_who_sees_one_alone_learns_nothing_of_the_other(desk: ApiDesk) -> None:
    """Rita's restricted talk and her laptops follow each other; her manager sees the laptops, HR sees the talk."""
    talk = await closed(desk, TALK)
    laptop = await ordered(desk, LAPTOP, follows=talk)
    assert (await desk.get(RITA, f"/requests/{laptop}"))["follows"] == talk
    assert (await desk.get(MONA, f"/requests/{laptop}"))["follows"] is None
    assert await named_in_steps(desk, RITA, laptop) == [[talk], [talk]]
    assert await named_in_steps(desk, MONA, laptop) == [[None], [None]]
    assert (await desk.get(HR, f"/requests/{talk}"))["followed_by"] == []

    await desk.post(RITA, f"/requests/{laptop}/cancel", {})
    second = await ordered(desk, TALK, follows=laptop)
    assert (await desk.get(RITA, f"/requests/{laptop}"))["followed_by"] == [second]
    assert (await desk.get(MONA, f"/requests/{laptop}"))["followed_by"] == []
    assert (await desk.get(HR, f"/requests/{second}"))["follows"] is None


async def test_the_same_key_is_for_the_same_follow_up(desk: ApiDesk) -> None:
    number = await closed(desk, LAPTOP)
    body = {"items": [LAPTOP], "follows": number}
    sent = {"Idempotency_Key": f"again-{number}"}
    first, again = [await desk.call(RITA, "POST", "/requests", body, **sent) for _ in range(2)]
    assert first.json()["number"] == again.json()["number"]
    without = await desk.call(RITA, "POST", "/requests", {"items": [LAPTOP]}, **sent)
    refused(without, 422, "same-key-other-body")


async def test_an_order_that_is_still_received_says_so_too(
    desk: ApiDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await closed(desk, LAPTOP)
    monkeypatch.setattr(desk.services.sender, "deliver", never)
    follow_up = await ordered(desk, LAPTOP, follows=number)
    view = await desk.get(RITA, f"/requests/{follow_up}")
    assert (view["state"], view["follows"]) == ("received", number)
    early = await desk.call(RITA, "POST", "/requests", {"items": [LAPTOP], "follows": follow_up})
    assert refused(early, 422, "invalid-input")["problems"][0]["message"] == STILL_OPEN


async def test_a_repair_says_it_anew(desk: ApiDesk) -> None:
    """The document has it; the row is made from that."""
    number = await closed(desk, LAPTOP)
    follow_up = await ordered(desk, LAPTOP, follows=number)
    async with desk.services.engine.begin() as connection:
        await connection.execute(delete(record_link).where(record_link.c.number == follow_up))
    assert (await desk.get(RITA, f"/requests/{follow_up}"))["follows"] is None
    again = Tick(number=follow_up, step="repair", at=desk.services.clock(), run="run")
    await RequestActivities(Transitions(REQUESTS, desk.services.engine, Quiet())).take_up_request(again)
    assert (await desk.get(RITA, f"/requests/{follow_up}"))["follows"] == number
