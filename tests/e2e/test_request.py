"""A request on the whole stack, by the public API: ordered, approved, carried out at a real server, taken back."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx2
import pytest

from steadydesk.configuration.install import DEMO, install_demo
from steadydesk.contracts.search_attributes import SEARCH_ATTRIBUTES
from steadydesk.records.migration import migrate
from steadydesk.stack.postgres import NOT_DURABLE
from steadydesk.stack.preparation import Contents
from steadydesk.stack.supervisor import Stack, Variation, running_stack
from tests.connectors.remote import Remote, lose, reply, served
from tests.support.stacks import stack_settings

ACCESS = {"level": "write", "until": "2031-03-31", "reason": "Closing of the year"}


@pytest.fixture(scope="module")
async def remote() -> AsyncIterator[Remote]:
    async with served() as running:
        yield running


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory, remote: Remote) -> AsyncIterator[Stack]:
    """The demo organisation, whose systems answer at the remote's port."""
    home = tmp_path_factory.mktemp("e2e")
    folder = home / "demo"
    shutil.copytree(DEMO, folder)
    connectors = folder / "connectors.yaml"
    text = connectors.read_text().replace("127.0.0.1:8090", f"127.0.0.1:{remote.port}")
    # The remote is quick, so that a lost answer need not be waited for long.
    connectors.write_text(text.replace("lookup: {", "lookup: {settle_seconds: 1, "))
    contents = Contents(migrate, SEARCH_ATTRIBUTES, partial(install_demo, folder=folder))
    settings = stack_settings(home / "state", egress_allow=("127.0.0.1",))
    variation = Variation(contents=contents, postgres_settings=NOT_DURABLE)
    async with running_stack(settings, variation=variation) as running:
        yield running


class Caller:
    """One demo user at the API."""

    def __init__(self, stack: Stack, user_name: str, client: httpx2.AsyncClient) -> None:
        assert stack.credentials is not None
        [user] = [user for user in stack.credentials.users if user.user_name == user_name]
        self._headers = {"Authorization": f"Bearer {user.token}"}
        self._base = stack.credentials.api
        self._client = client

    async def get(self, path: str) -> Any:
        answer = await self._client.get(f"{self._base}{path}", headers=self._headers)
        answer.raise_for_status()
        return answer.json()

    async def post(self, path: str, body: dict[str, Any], **headers: str) -> httpx2.Response:
        return await self._client.post(f"{self._base}{path}", json=body, headers=self._headers | headers)


@asynccontextmanager
async def callers(stack: Stack) -> AsyncIterator[Callable[[str], Caller]]:
    async with httpx2.AsyncClient(timeout=20) as client:
        yield lambda name: Caller(stack, name, client)


async def order(rita: Caller, application: str) -> str:
    variables = ACCESS | {"application": application}
    answer = await rita.post("/requests", {"items": [{"item": "application-access", "variables": variables}]})
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["number"]
    assert re.fullmatch(r"REQ\d{7}", number)
    return number


async def approve(caller: Caller, number: str) -> None:
    """Decide on the one approval of this request in the caller's inbox."""
    inbox = await caller.get("/approvals?state=requested")
    [gate] = [each["id"] for each in inbox["items"] if each["number"] == number]
    answer = await caller.post(f"/approvals/{gate}/decision", {"decision": "approved"})
    assert (answer.status_code, answer.json()["state"]) == (200, "approved")


async def until(rita: Caller, number: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(300):
        if condition(found := await rita.get(f"/requests/{number}")):
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"{number} still waits for {found['waiting']}")


def calls(remote: Remote) -> list[tuple[str, str]]:
    return [(each.method, each.target) for each in remote.received]


async def test_access_is_ordered_approved_given_once_and_verified(stack: Stack, remote: Remote) -> None:
    """The reply to the grant is lost: it is sent again under the same key, so that it counts once."""
    remote.received.clear()
    remote.answers = [lose, reply(200, b"{}")]
    async with callers(stack) as caller:
        rita = caller("rita.requester")
        number = await order(rita, "ledger")
        for approver in ("mona.manager", "olga.operator"):
            waiting = (await rita.get(f"/records/{number}/why"))["waiting"]
            assert [each["kind"] for each in waiting] == ["approval"]
            await approve(caller(approver), number)
        closed = await until(rita, number, lambda found: not found["open"])
    assert (closed["state"], closed["items"][0]["state"]) == ("closed_complete", "closed-complete")
    member = "/groups/ledger/members/rita.requester"
    keys = {each.headers["idempotency-key"] for each in remote.received if each.method == "PUT"}
    assert keys == {f"{closed['items'][0]['number']}:grant-access:1"}
    assert set(calls(remote)) == {("PUT", member), ("GET", member)}
    assert calls(remote)[-1] == ("GET", member)


async def slow(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(2)
    await reply(200, b"{}")(writer)


async def in_flight(caller: Callable[[str], Caller], remote: Remote, application: str = "customers") -> str:
    """The number of a request whose effect the remote has received and not answered."""
    remote.received.clear()
    number = await order(caller("rita.requester"), application)
    for approver in ("mona.manager", "ines.itlead"):
        await approve(caller(approver), number)
    async with asyncio.timeout(20):
        while not remote.received:
            await asyncio.sleep(0.05)
    return number


async def test_a_cancel_in_flight_is_undone_at_the_remote(stack: Stack, remote: Remote) -> None:
    remote.answers = [slow, reply(200, b"{}"), reply(404, b"{}")]
    async with callers(stack) as caller:
        rita = caller("rita.requester")
        number = await in_flight(caller, remote)
        answer = await rita.post(f"/requests/{number}/cancel", {"reason": "Not needed any more"})
        assert answer.status_code == 200, answer.text
        closed = await until(rita, number, lambda found: not found["open"])
        again = await rita.post(f"/requests/{number}/cancel", {})
    assert closed["state"] == "cancelled"
    assert again.status_code == 409
    member = "/groups/customers/members/rita.requester"
    assert calls(remote)[0] == ("PUT", member)
    assert calls(remote)[-2:] == [("DELETE", member), ("GET", member)], (
        "taken back, and looked that it is gone"
    )
    assert [method for method, _ in calls(remote)].count("DELETE") == 1


async def test_a_cancel_leaves_what_an_earlier_grant_gives(stack: Stack, remote: Remote) -> None:
    """The first test's grant of the ledger is in force: the remote knows one membership, however often it was given."""
    remote.answers = [slow, reply(200, b"{}")]
    async with callers(stack) as caller:
        rita = caller("rita.requester")
        number = await in_flight(caller, remote, "ledger")
        await rita.post(f"/requests/{number}/cancel", {})
        closed = await until(rita, number, lambda found: not found["open"])
    assert closed["state"] == "cancelled"
    assert "DELETE" not in [method for method, _ in calls(remote)]


async def test_an_undo_after_which_it_is_still_there_becomes_a_task(stack: Stack, remote: Remote) -> None:
    remote.answers = [slow, reply(200, b"{}")]
    async with callers(stack) as caller:
        rita = caller("rita.requester")
        number = await in_flight(caller, remote)
        await rita.post(f"/requests/{number}/cancel", {})
        found = await until(rita, number, lambda found: any(task["open"] for task in found["tasks"]))
    (task,) = [task for task in found["tasks"] if task["open"]]
    assert task["phase"] == "undo"
    assert found["open"]
