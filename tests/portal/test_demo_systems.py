"""The first thing that a visitor of the demo orders is carried out, not failed: the systems of the demo answer."""

import asyncio
from typing import Any

import httpx2

from tests.portal.browsers import PATIENCE, People


async def closed(people: People, number: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    async with asyncio.timeout(PATIENCE / 1000):
        while not found or found["open"]:
            found = await people.call("rita.requester", "GET", f"/requests/{number}")
            await asyncio.sleep(0.1)
    return found


async def test_vpn_access_closes_by_itself_and_the_directory_has_it(people: People) -> None:
    number = await people.order("vpn-access", {"device": "phone"})
    found = await closed(people, number)
    assert (found["state"], found["tasks"]) == ("closed_complete", [])
    async with httpx2.AsyncClient(timeout=10) as client:
        page = await client.get(people.stack.addresses.demo_systems or "")
    assert "/groups/vpn/members/rita.requester" in page.text
    assert f"{found['items'][0]['number']}:open-access" in page.text


async def test_a_machine_is_made_with_the_secret_and_the_monitoring_is_told(people: People) -> None:
    machine = {"name": "build-runner-9", "size": "small", "system": "debian", "monitored": True}
    number = await people.order("virtual-machine", machine)
    await people.approve(number, "mona.manager")
    found = await closed(people, number)
    assert found["state"] == "closed_complete"
    async with httpx2.AsyncClient(timeout=10) as client:
        page = await client.get(people.stack.addresses.demo_systems or "")
    assert "/machines/build-runner-9" in page.text
    assert "POST /hooks/monitoring" in page.text
