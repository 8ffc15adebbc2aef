"""Bad input: each its stable type and pointer; never a 5xx, and nothing changed."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from sqlalchemy import text

from steadydesk.contracts.page import cursor
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.api_desk import ApiDesk, api_desk
from tests.support.visibility_matrix import MORE_PEOPLE

RITA, MONA = "rita.requester", "mona.manager"
LAPTOP = {"items": [{"item": "new-laptop", "variables": {"model": "light"}}]}
EXPENSE = {
    "purpose": "Train",
    "amount": 10,
    "spent_on": "2026-11-12",
    "ask_budget_owner": False,
    "iban": "DE02120300000000202051",
}


@pytest.fixture(scope="module")
async def desk(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ApiDesk]:
    folder = tmp_path_factory.mktemp("api")
    async with api_desk(postgres, "bad_input", folder, MORE_PEOPLE, body_limit_bytes=100_000) as opened:
        yield opened


@pytest.fixture(scope="module")
async def number(desk: ApiDesk) -> str:
    return (await desk.post(RITA, "/requests", LAPTOP))["number"]


def refused(response: httpx2.Response, status: int, kind: str, *pointers: str) -> dict[str, Any]:
    assert (response.status_code, response.headers["content-type"]) == (
        status,
        "application/problem+json",
    ), response.text
    body = response.json()
    assert body["type"] == f"/problems/{kind}", body
    if pointers:
        found = [problem["pointer"] for problem in body.get("problems", [])] or [body.get("pointer")]
        assert found == list(pointers), body
    return body


def order(item: str = "new-laptop", **more: Any) -> dict[str, Any]:
    return {"items": [{"item": item, "variables": {"model": "light"}} | more]}


ORDERS: list[tuple[dict[str, Any], int, str, str]] = [
    (order("no-such-item"), 422, "unknown-item", "/items/0/item"),
    (order("leaver"), 422, "unknown-item", "/items/0/item"),
    (
        order("expense-payment", variables=EXPENSE) | {"requested_for": "ralf.requester"},
        403,
        "not-entitled",
        "/requested_for",
    ),
    (order(variables={"model": "huge"}), 422, "invalid-input", "/items/0/variables/model"),
    (order(variables={}), 422, "invalid-input", "/items/0/variables/model"),
    (order(variables={"model": "light", "a/b~": 1}), 422, "invalid-input", "/items/0/variables/a~1b~0"),
    (
        order(variables={"model": "light", "holder": "nobody.here"}),
        422,
        "invalid-input",
        "/items/0/variables/holder",
    ),
    (order(quantity=6), 422, "invalid-input", "/items/0/quantity"),
    (order(quantity=0), 422, "invalid-input", "/items/0/quantity"),
    (order(quantity="many"), 422, "invalid-input", "/items/0/quantity"),
    (order(colour="red"), 422, "invalid-input", "/items/0/colour"),
    ({"items": []}, 422, "invalid-input", "/items"),
    ({}, 422, "invalid-input", "/items"),
    (order() | {"requested_for": "nobody.here"}, 422, "invalid-input", "/requested_for"),
    (order() | {"note": "x" * 4001}, 422, "invalid-input", "/note"),
    (order() | {"note": "a\0b"}, 422, "invalid-input", "/note"),
    (
        order(variables={"model": "light", "holder": {"name": "\0"}}),
        422,
        "invalid-input",
        "/items/0/variables/holder/name",
    ),
    (order(variables={"model": 10**30}), 422, "invalid-input", "/items/0/variables/model"),
]


@pytest.mark.parametrize(("body", "status", "kind", "pointer"), ORDERS, ids=range(len(ORDERS)))
async def test_orders(desk: ApiDesk, body: dict[str, Any], status: int, kind: str, pointer: str) -> None:
    before = await reserved(desk)
    refused(await desk.call(RITA, "POST", "/requests", body), status, kind, pointer)
    assert await reserved(desk) == before


async def reserved(desk: ApiDesk) -> tuple[int, ...]:
    async with desk.services.engine.connect() as connection:
        row = await connection.execute(
            text("SELECT (SELECT count(*) FROM reservation), (SELECT count(*) FROM text_body)")
        )
        return tuple(row.one())


async def raw(
    desk: ApiDesk, content: bytes, path: str = "/requests", kind: str = "application/json"
) -> httpx2.Response:
    headers = await desk.headers(RITA) | {"Content-Type": kind}
    return await desk.client.post(f"/api/v1{path}", content=content, headers=headers)


NO_JSON = [
    b"{",
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"\xff\xfe",
    b"[" * 50_000,
    b'{"items": 1e999}',
    b"{'a': 1}",
    b"1" * 5000,
]


@pytest.mark.parametrize("content", NO_JSON, ids=range(len(NO_JSON)))
async def test_what_is_no_order_at_all(desk: ApiDesk, content: bytes) -> None:
    refused(await raw(desk, content), 422, "invalid-input")


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (r'"\ud800"', "/note"),
        (r'"a\u0000"', "/note"),
        (r'{"\udfff": 1}', "/note/?"),
        ("NaN", "/note"),
        ("-Infinity", "/note"),
        ("1e400", "/note"),
        ("[" * 40 + "]" * 40, "/note" + "/0" * 32),
    ],
)
async def test_what_json_can_spell_and_nobody_can_store(desk: ApiDesk, value: str, pointer: str) -> None:
    body = json.dumps(LAPTOP)[:-1] + f', "note": {value}}}'
    refused(await raw(desk, body.encode()), 422, "invalid-input", pointer)


async def test_the_largest_body(desk: ApiDesk) -> None:
    body = json.dumps(LAPTOP | {"note": "x" * 100_000}).encode()
    assert refused(await raw(desk, body), 413, "too-large")["limit"] == 100_000


async def test_another_media_type(desk: ApiDesk) -> None:
    answer = await raw(desk, json.dumps(LAPTOP).encode(), kind="text/plain")
    refused(answer, 422, "invalid-input")


NUMBERS = [
    "REQ",
    "REQ0",
    "42",
    "REQ1x",
    "XYZ0000001",
    "REQ" + "9" * 13,
    "REQ%00",
    "REQ٣",
    "REQ-1-G1",
    "%F0%9F%92%A5",
    "REQ0000001%0A",
]


@pytest.mark.parametrize("typed", NUMBERS)
@pytest.mark.parametrize(
    "path", ["/requests/{}", "/records/{}", "/tasks/{}", "/approvals/{}", "/grants/{}", "/records/{}/why"]
)
async def test_malformed_numbers_are_not_found(desk: ApiDesk, path: str, typed: str) -> None:
    refused(await desk.call(MONA, "GET", path.format(typed)), 404, "unknown-record")


CURSORS = [
    "x",
    "é",
    "a" * 499,
    "\0",
    cursor("2026-01-01", "REQ1"),
    cursor("2026-01-01T00:00:00", "REQ1"),
    cursor("0001-01-01T00:00:00+14:00", "REQ1"),
    cursor("9999-12-31T23:59:59-12:00", "REQ1"),
    cursor("yesterday", "REQ1"),
    cursor("2026-01-01T00:00:00Z"),
    cursor("2026-01-01T00:00:00Z", "\0"),
    cursor("2026-01-01T00:00:00Z", "\ud800"),
    cursor(),
    "W1tbW1tbW1tbW1tb",
]
PAGED = [
    "/requests",
    "/tasks",
    "/approvals",
    "/notifications",
    "/people",
    "/groups",
    "/security-events",
    "/deliveries/dead-letters",
]


@pytest.mark.parametrize("path", PAGED)
async def test_cursors_that_no_list_gave_out(desk: ApiDesk, path: str) -> None:
    for given in CURSORS:
        response = await desk.call("adam.admin", "GET", f"{path}?after={quote(given)}")
        if response.status_code == 200:
            assert path in ("/people", "/groups"), given
        else:
            refused(response, 422, "invalid-input", "/after")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "limit=" + "9" * 30, "after=" + "x" * 2000]
)
@pytest.mark.parametrize("path", PAGED)
async def test_limits(desk: ApiDesk, path: str, query: str) -> None:
    name = query.split("=", maxsplit=1)[0]
    refused(await desk.call("adam.admin", "GET", f"{path}?{query}"), 422, "invalid-input", f"/{name}")


@pytest.mark.parametrize(
    "query", ["state=%00", "item=a%00b", "updated_since=%00", "updated_since=2026-01-01", "%00=1"]
)
async def test_query_values_that_nobody_can_store(desk: ApiDesk, query: str) -> None:
    refused(await desk.call(RITA, "GET", f"/requests?{query}"), 422, "invalid-input")


@pytest.mark.parametrize(
    "since", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "-1", "1e400", "9" * 40]
)
async def test_times_at_the_ends_of_the_calendar(desk: ApiDesk, since: str) -> None:
    response = await desk.call(RITA, "GET", f"/requests?updated_since={quote(since)}")
    assert response.status_code in (200, 422), response.text


@pytest.mark.parametrize("tag", ["x", '"x"', "1", '"-1"', '"1', '"' + "9" * 5000 + '"', '"٣"', "W/", '""'])
async def test_etags_that_nobody_gave_out(desk: ApiDesk, number: str, tag: str) -> None:
    headers = await desk.headers(RITA)
    headers["If-Match"] = tag
    sent = {name.encode(): value.encode("latin-1", "replace") for name, value in headers.items()}
    response = await desk.client.post(f"/api/v1/requests/{number}/cancel", json={}, headers=sent)
    refused(response, 422, "invalid-input", "/if-match")


async def test_a_stale_version(desk: ApiDesk) -> None:
    view = await desk.call(RITA, "POST", "/requests", LAPTOP)
    number, stale = view.json()["number"], view.headers["etag"]
    await desk.post(RITA, f"/requests/{number}/comments", {"text": "first"})
    response = await desk.call(RITA, "POST", f"/requests/{number}/cancel", {}, If_Match=stale)
    refused(response, 412, "stale-version")
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
        (f"/requests/{number}/resubmit", {"variables": {"model": "huge"}}, "/variables/model"),
    ):
        refused(await desk.call(RITA, "POST", path, body), 422, "invalid-input", pointer)


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
    await desk.post(MONA, path, yes)
    refused(await desk.call(MONA, "POST", path, {"decision": "rejected"}), 409, "gate-closed")


async def test_double_submit_and_the_same_key_with_another_body(desk: ApiDesk) -> None:
    before = await reserved(desk)
    answers = await asyncio.gather(
        *(desk.call(RITA, "POST", "/requests", LAPTOP, Idempotency_Key="twice") for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    assert len({answer.json()["number"] for answer in answers}) == 1
    assert (await reserved(desk))[0] == before[0] + 1
    other = await desk.call(RITA, "POST", "/requests", order(quantity=2), Idempotency_Key="twice")
    refused(other, 422, "same-key-other-body")
    assert (
        await desk.call(MONA, "POST", "/requests", order(quantity=2), Idempotency_Key="twice")
    ).status_code == 201


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


@pytest.mark.parametrize("key", ["x" * 201])
async def test_keys_that_are_too_long(desk: ApiDesk, key: str) -> None:
    refused(
        await desk.call(RITA, "POST", "/requests", LAPTOP, Idempotency_Key=key),
        422,
        "invalid-input",
        "/Idempotency-Key",
    )


async def test_files(desk: ApiDesk, number: str) -> None:
    headers = await desk.headers(RITA)
    path = f"/api/v1/requests/{number}/attachments"
    for name, content in (
        ("a.html", b"<script>"),
        ("a.exe", b"MZ\0\0"),
        ("a.svg", b" <svg>"),
        ("a.txt", b"\xff\xfe\0"),
    ):
        response = await desk.client.post(path, headers=headers, files={"file": (name, content)})
        refused(response, 422, "attachment-refused", "/file")
    for name in ("../../etc/passwd", "a\0b.txt", "ü" * 500 + ".txt", '"; x="', "\\\\host\\a.txt"):
        response = await desk.client.post(path, headers=headers, files={"file": (name, b"words")})
        assert response.status_code in (201, 422), response.text
    names = [
        entry["file_name"] for entry in (await desk.get(RITA, f"/requests/{number}/attachments"))["items"]
    ]
    assert not any("/" in name or "\\" in name or len(name) > 200 for name in names)
    refused(
        await desk.client.post(path, headers=headers, data={"file": "no file"}), 422, "invalid-input", "/file"
    )
