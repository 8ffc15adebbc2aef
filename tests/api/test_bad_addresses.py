"""Numbers, cursors, limits, query values and ETags that the API never gave out: refused, never a fault."""

from urllib.parse import quote

import pytest

from steadydesk.contracts.page import cursor
from tests.support.api_desk import ApiDesk
from tests.support.refusals import refused

RITA, MONA = "rita.requester", "mona.manager"
LAPTOP = {"items": [{"item": "new-laptop", "variables": {"model": "light"}}]}


@pytest.fixture(scope="module")
async def number(desk: ApiDesk) -> str:
    return (await desk.post(RITA, "/requests", LAPTOP))["number"]


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
