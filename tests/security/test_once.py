"""The same Idempotency-Key is the same answer: at the same time, later, and after the process has ended."""

import asyncio
from typing import Any

import httpx2

from tests.support.security_desk import Desk

RITA = "rita.requester"
LAPTOP = {"items": [{"item": "new-laptop", "variables": {"model": "light"}}]}


async def send(desk: Desk, path: str, body: Any, key: str) -> httpx2.Response:
    headers = desk.headers(RITA) | {"Idempotency-Key": key}
    return await desk.client.post(f"/api/v1{path}", json=body, headers=headers)


async def test_orders_and_commands_over_temporal(desk: Desk) -> None:
    opened = await asyncio.gather(*(send(desk, "/requests", LAPTOP, "order") for _ in range(6)))
    assert {answer.status_code for answer in opened} == {201}, [answer.text for answer in opened]
    (number,) = {answer.json()["number"] for answer in opened}
    path = f"/requests/{number}/cancel"
    ended = await asyncio.gather(*(send(desk, path, {"reason": "no need"}, "cancel") for _ in range(6)))
    assert len({answer.text for answer in ended}) == 1, [answer.text for answer in ended]
    assert ended[0].status_code == 200
    async with asyncio.timeout(20):
        while (await desk.call(RITA, "GET", f"/requests/{number}"))["open"]:
            await asyncio.sleep(0.1)
    again = await send(desk, path, {"reason": "no need"}, "cancel")
    assert (again.status_code, again.json()) == (200, ended[0].json())
    repeated = await send(desk, "/requests", LAPTOP, "order")
    assert (repeated.status_code, repeated.json()["number"]) == (201, number)
    other = await send(desk, path, {}, "cancel")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/same-key-other-body")
    late = await send(desk, path, {}, "another")
    assert (late.status_code, late.json()["follow_up"]) == (409, number)
    timeline = await desk.call(RITA, "GET", f"/requests/{number}/timeline")
    events = [entry["event"] for entry in timeline["items"]]
    assert (events.count("request.opened"), events.count("request.cancelled")) == (1, 1)
