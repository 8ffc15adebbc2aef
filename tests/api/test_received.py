"""An accepted order can be followed from its number on, also before Temporal takes it."""

from collections.abc import AsyncIterator
from typing import Any, Never

import pytest
from temporalio.service import RPCError, RPCStatusCode

from steadydesk.contracts.kept_command import KeptCommand
from tests.support.api_desk import ApiDesk
from tests.support.refusals import refused

RITA, MONA = "rita.requester", "mona.manager"
EXPENSE: dict[str, Any] = {
    "item": "expense-payment",
    "variables": {
        "purpose": "Train to Hamburg",
        "amount": 184.5,
        "spent_on": "2026-11-12",
        "ask_budget_owner": False,
        "iban": "DE02120300000000202051",
    },
}
BOOKS = {**EXPENSE, "variables": {**EXPENSE["variables"], "purpose": "Books", "amount": 20}}


class Away:
    async def deliver(self, _: KeptCommand) -> Never:
        raise RPCError("stopped", RPCStatusCode.UNAVAILABLE, b"")


@pytest.fixture
async def number(desk: ApiDesk) -> AsyncIterator[str]:
    """Of an order that Temporal has not taken; it comes back with the test's end."""
    real: Any = desk.services.sender
    desk.services.sender = Away()  # pyright: ignore[reportAttributeAccessIssue]
    response = await desk.call(RITA, "POST", "/requests", {"items": [BOOKS, EXPENSE], "note": "Both, please"})
    assert response.status_code == 202, response.text
    received = response.json()["number"]
    assert response.headers["location"] == f"/api/v1/requests/{received}"
    yield received
    desk.services.sender = real


async def test_who_ordered_sees_what_was_ordered(desk: ApiDesk, number: str) -> None:
    view = await desk.get(RITA, f"/requests/{number}")
    assert (view["number"], view["state"], view["open"]) == (number, "received", True)
    assert (view["note"], view["relations"]) == ("Both, please", ["requester"])
    assert [(line["number"], line["item"], line["quantity"], line["state"]) for line in view["items"]] == [
        ("", "expense-payment", 1, "received"),
        ("", "expense-payment", 1, "received"),
    ]
    assert view["items"][0]["variables"]["purpose"] == "Books"
    assert view["items"][1]["variables"]["amount"] == 184.5
    assert "iban" not in view["items"][1]["variables"]
    assert view["opened_by"]["user_name"] == view["caller"]["user_name"] == RITA
    record = await desk.get(RITA, f"/records/{number.lower()}")
    assert record == {name: view[name] for name in record}


async def test_it_says_that_it_waits_for_its_opening(desk: ApiDesk, number: str) -> None:
    why = await desk.get(RITA, f"/records/{number}/why")
    assert (why["state"], why["open"]) == ("received", True)
    [waiting] = why["waiting"]
    assert (waiting["kind"], waiting["subject"]) == ("opening", number)
    assert waiting["since"] == (await desk.get(RITA, f"/requests/{number}"))["opened_at"]
    for of in ("records", "requests"):
        assert (await desk.get(RITA, f"/{of}/{number}/timeline"))["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "cancel", {}),
        ("POST", "comments", {"text": "x"}),
        ("POST", "recall", {}),
        ("POST", "resubmit", {"line": "RITM0000001", "variables": {}}),
        ("POST", "watch", {}),
        ("POST", "extend", {"until": "2030-01-01"}),
        ("GET", "attachments", None),
    ],
)
async def test_nothing_can_be_done_to_it_yet(
    desk: ApiDesk, number: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    found = refused(
        await desk.call(RITA, method, f"/requests/{number}/{path}", body), 409, "invalid-transition"
    )
    assert "still being received" in found["detail"]
    assert found["state"] == "received"


@pytest.mark.parametrize("path", ["requests/{}", "records/{}", "records/{}/why", "records/{}/timeline"])
async def test_others_do_not_see_it(desk: ApiDesk, number: str, path: str) -> None:
    refused(await desk.call(MONA, "GET", f"/{path.format(number)}"), 404, "unknown-record")
