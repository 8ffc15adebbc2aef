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


async def test_cursors_of_another_list(desk: ApiDesk, number: str) -> None:
    """Behind the place of a request, no approval and no task would be found."""
    gate, task = f"{number}-G1", "SCTASK0000001"
    wrong = {"requests": (gate, task), "tasks": (number, gate), "approvals?state=requested": (number, task)}
    for path, keys in wrong.items():
        for key in keys:
            after = f"{'&' if '?' in path else '?'}after={cursor('2026-01-01T00:00:00+00:00', key)}"
            refused(await desk.call(MONA, "GET", f"/{path}{after}"), 422, "invalid-input", "/after")
    for path, key in (("requests", number), ("tasks", task), ("approvals", gate)):
        await desk.get(MONA, f"/{path}?after={cursor('2026-01-01T00:00:00+00:00', key)}")


@pytest.mark.parametrize(("path", "pointer"), [("0", "/digest"), ("00000000/difference?base=1", "/base")])
async def test_too_few_digits_of_a_digest(desk: ApiDesk, path: str, pointer: str) -> None:
    response = await desk.call("adam.admin", "GET", f"/config/versions/{path}")
    refused(response, 422, "invalid-input", pointer)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "limit=" + "9" * 30, "after=" + "x" * 2000]
)
@pytest.mark.parametrize("path", PAGED)
async def test_limits(desk: ApiDesk, path: str, query: str) -> None:
    name = query.split("=", maxsplit=1)[0]
    refused(await desk.call("adam.admin", "GET", f"{path}?{query}"), 422, "invalid-input", f"/{name}")


@pytest.mark.parametrize(
    "path", [*PAGED, "/grants", "/me", "/catalog/items", "/groups/it-desk", "/records/{number}/timeline"]
)
async def test_parameters_that_an_address_does_not_have(desk: ApiDesk, number: str, path: str) -> None:
    """A filter whose name is misspelt would let everything through."""
    at = path.format(number=number)
    response = await desk.call("adam.admin", "GET", f"{at}?updated_sinc=2030-01-01&limits=1")
    found = refused(response, 422, "invalid-input", "/updated_sinc", "/limits")
    assert {problem["where"] for problem in found["problems"]} == {"query"}
    known = await desk.call("adam.admin", "GET", at)
    assert known.status_code in (200, 404), known.text
    if "limit" in found["problems"][0]["message"]:
        assert (await desk.call("adam.admin", "GET", f"{at}?limit=1")).status_code == known.status_code


@pytest.mark.parametrize("query", ["mine=true&mine=false", "limit=1&mine=true&mine=true"])
async def test_a_parameter_that_is_given_twice(desk: ApiDesk, query: str) -> None:
    """Nobody knows which of the two was meant."""
    found = refused(await desk.call(MONA, "GET", f"/tasks?{query}"), 422, "invalid-input", "/mine")
    assert found["problems"][0]["where"] == "query"


@pytest.mark.parametrize("path", ["/requests", "/tasks", "/approvals", "/grants"])
async def test_states_that_nothing_can_have(desk: ApiDesk, path: str) -> None:
    refused(await desk.call(RITA, "GET", f"{path}?state=opened"), 422, "invalid-input", "/state")


async def test_open_closed_and_all_requests(desk: ApiDesk, number: str) -> None:
    closed = (await desk.post(RITA, "/requests", LAPTOP))["number"]
    await desk.post(RITA, f"/requests/{closed}/cancel", {})
    for query, found in (("", {number, closed}), ("?open=true", {number}), ("?open=false", {closed})):
        listed = {entry["number"] for entry in (await desk.get(RITA, f"/requests{query}"))["items"]}
        assert listed & {number, closed} == found, query
    assert {entry["state"] for entry in (await desk.get(RITA, "/requests?state=cancelled"))["items"]} == {
        "cancelled"
    }


@pytest.mark.parametrize(
    "query", ["state=%00", "item=a%00b", "updated_since=%00", "updated_since=2026-01-01", "%00=1"]
)
async def test_query_values_that_nobody_can_store(desk: ApiDesk, query: str) -> None:
    refused(await desk.call(RITA, "GET", f"/requests?{query}"), 422, "invalid-input")


@pytest.mark.parametrize(
    "since",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "-1", "1e400", "9" * 40, "1763900000", "1.5"],
)
async def test_times_at_the_ends_of_the_calendar_and_numbers_instead(desk: ApiDesk, since: str) -> None:
    response = await desk.call(RITA, "GET", f"/requests?updated_since={quote(since)}")
    refused(response, 422, "invalid-input", "/updated_since")


@pytest.mark.parametrize("tag", ["x", '"x"', "1", '"-1"', '"1', '"' + "9" * 5000 + '"', '"٣"', "W/", '""'])
async def test_etags_that_nobody_gave_out(desk: ApiDesk, number: str, tag: str) -> None:
    headers = await desk.headers(RITA)
    headers["If-Match"] = tag
    sent = {name.encode(): value.encode("latin-1", "replace") for name, value in headers.items()}
    response = await desk.client.post(f"/api/v1/requests/{number}/cancel", json={}, headers=sent)
    refused(response, 422, "invalid-input", "/If-Match")
