"""Bad input: each its stable type and pointer; never a 5xx, and nothing changed."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.api_desk import ApiDesk, api_desk
from tests.support.refusals import refused
from tests.support.visibility_subjects import MORE_PEOPLE

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
    (order(quantity="3"), 422, "invalid-input", "/items/0/quantity"),
    (order(quantity=True), 422, "invalid-input", "/items/0/quantity"),
    (order(quantity=1.5), 422, "invalid-input", "/items/0/quantity"),
    (order(colour="red"), 422, "invalid-input", "/items/0/colour"),
    (
        {"items": [*order()["items"], {"item": "expense-payment", "variables": EXPENSE}]},
        422,
        "invalid-input",
        "/items/1/item",
    ),
    ({"items": []}, 422, "invalid-input", "/items"),
    ({}, 422, "invalid-input", "/items"),
    (order() | {"requested_for": "nobody.here"}, 422, "invalid-input", "/requested_for"),
    (order() | {"note": " "}, 422, "invalid-input", "/note"),
    (
        order("expense-payment", variables=EXPENSE | {"purpose": " "}),
        422,
        "invalid-input",
        "/items/0/variables/purpose",
    ),
    (
        order("expense-payment", variables=EXPENSE | {"amount": 12.345}),
        422,
        "invalid-input",
        "/items/0/variables/amount",
    ),
    (
        order("expense-payment", variables=EXPENSE | {"amount": "12.34"}),
        422,
        "invalid-input",
        "/items/0/variables/amount",
    ),
    (order() | {"note": "x" * 4001}, 422, "invalid-input", "/note"),
    (
        order("expense-payment", variables=EXPENSE | {"spent_on": "0001-01-01"}),
        422,
        "invalid-input",
        "/items/0/variables/spent_on",
    ),
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


@pytest.mark.parametrize(
    ("action", "body", "pointer"),
    [
        ("survey", {"score": "2"}, "/score"),
        ("survey", {"score": 2, "comment": " "}, "/comment"),
        ("comments", {"text": " \n "}, "/text"),
        ("comments", {"text": "\u200b\u2060"}, "/text"),
        ("cancel", {"reason": "\t"}, "/reason"),
        ("resubmit", {"variables": {"model": "light"}, "comment": "\ufeff"}, "/comment"),
        ("extend", {"until": "2030-01-01", "comment": " "}, "/comment"),
        ("survey", {"score": True}, "/score"),
        ("comments", {"text": "Hello", "work_note": "yes"}, "/work_note"),
        ("comments", {"text": "Hello", "work_note": 1}, "/work_note"),
        ("watch", {"watch": "false"}, "/watch"),
        ("cancel", {"line": ""}, "/line"),
        ("cancel", {"line": "REQ0000001"}, "/line"),
        ("cancel", {"line": "RITM9999999"}, "/line"),
        ("recall", {"line": "1", "reason": "x"}, "/line"),
        ("extend", {"until": 1893456000}, "/until"),
        ("extend", {"until": "1893456000"}, "/until"),
        ("reschedule", {"effective_at": "1893456000"}, "/effective_at"),
    ],
)
async def test_values_of_another_type_and_blank_texts(
    desk: ApiDesk, number: str, action: str, body: dict[str, Any], pointer: str
) -> None:
    answer = await desk.call(RITA, "POST", f"/requests/{number}/{action}", body)
    refused(answer, 422, "invalid-input", pointer)


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
        ('"a", "note": "b"', "/note"),
    ],
)
async def test_what_json_can_spell_and_nobody_can_store(desk: ApiDesk, value: str, pointer: str) -> None:
    body = json.dumps(LAPTOP)[:-1] + f', "note": {value}}}'
    refused(await raw(desk, body.encode()), 422, "invalid-input", pointer)


async def test_the_largest_body(desk: ApiDesk) -> None:
    body = json.dumps(LAPTOP | {"note": "x" * 100_000}).encode()
    assert refused(await raw(desk, body), 413, "too-large")["limit"] == 100_000


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "json", ""])
async def test_another_media_type(desk: ApiDesk, number: str, kind: str) -> None:
    for path in ("/requests", f"/requests/{number}/comments"):
        answer = await raw(desk, json.dumps(LAPTOP).encode(), path, kind=kind)
        refused(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("kind", ["Application/JSON; charset=utf-8", "application/merge-patch+json"])
async def test_other_names_of_json(desk: ApiDesk, number: str, kind: str) -> None:
    path = f"/requests/{number}/comments"
    assert (await raw(desk, b'{"text": "Hello"}', path, kind=kind)).status_code == 200
    refused(await raw(desk, b'{"text": "a\\u0000b"}', path, kind=kind), 422, "invalid-input", "/text")


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
    for name in (
        "../../etc/passwd",
        "a\0b.txt",
        "ü" * 500 + ".txt",
        "x." + "y" * 300,
        '"; x="',
        "\\\\host\\a.txt",
    ):
        response = await desk.client.post(path, headers=headers, files={"file": (name, b"words")})
        assert response.status_code in (201, 422), response.text
    names = [
        entry["file_name"] for entry in (await desk.get(RITA, f"/requests/{number}/attachments"))["items"]
    ]
    assert not any("/" in name or "\\" in name or len(name) > 200 for name in names)
    assert "ü" * 196 + ".txt" in names
    refused(
        await desk.client.post(path, headers=headers, data={"file": "no file"}), 422, "invalid-input", "/file"
    )
