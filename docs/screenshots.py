"""`python -m docs.screenshots` starts a stack of its own, runs demo orders, and takes the pictures of the pages."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

import httpx2
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from steadydesk.settings import Settings
from steadydesk.stack.ports import free_ports
from steadydesk.stack.supervisor import Stack, running_stack

IMAGES = Path(__file__).parent / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = ViewportSize(width=1400, height=1100)
PORTAL_SIZE = ViewportSize(width=1280, height=860)
DRAWN = 3.0
"""Seconds until the UI has drawn what it loaded; it polls without an end, so no event says so."""


async def main() -> int:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print(f"no pictures taken: none of {', '.join(BROWSERS)} is installed", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory(prefix="steadydesk-pictures-") as folder:
        async with running_stack(_settings(Path(folder) / "state")) as stack:
            number = await _ordered(stack)
            await _pictures(browser, stack, number)
    return 0


def _settings(state_dir: Path) -> Settings:
    names = ("api_port", "temporal_port", "temporal_ui_port", "demo_port")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    return Settings(state_dir=state_dir, **ports)


async def _ordered(stack: Stack) -> str:
    """A laptop: ordered, approved twice, the first task done, the second one waited for."""
    desk = _Desk(stack)
    order = {"items": [{"item": "new-laptop", "variables": {"model": "light"}}]}
    number = (await desk.post("rita.requester", "requests", order))["number"]
    for person, gate in (("mona.manager", "G1"), ("fiona.finance", "G2")):
        await desk.post(person, f"approvals/{number}-{gate}/decision", {"decision": "approved"})
    tasks = await desk.get("ingo.it", "tasks")
    await desk.post("ingo.it", f"tasks/{tasks['items'][0]['number']}/complete", {})
    for item, person in (("key-card", "rita.requester"), ("expense-payment", "ralf.requester")):
        example = (await desk.get(person, f"catalog/items/{item}"))["example"]
        await desk.post(person, "requests", {"items": [{"item": item, "variables": example}]})
    await desk.post("rita.requester", "requests", order | {"note": "The old one does not start any more."})
    return number


_PORTAL = {
    "rita.requester": {
        "home": "/",
        "catalogue": "/catalog",
        "order": "/catalog/new-laptop",
        "request": "/records/REQ0000001",
    },
    "mona.manager": {"approvals": "/approvals", "approval": "/approvals/REQ0000004-G1"},
    "ingo.it": {"work": "/tasks?view=board", "task": "/tasks/SCTASK0000002"},
    "ines.itlead": {"dashboard": "/dashboard"},
    "olga.operator": {"operations": "/operations"},
}
"""Whose page, and the picture's name."""


class _Desk:
    """The demo users at the API."""

    def __init__(self, stack: Stack) -> None:
        assert stack.credentials is not None
        self._tokens = {user.user_name: user.token for user in stack.credentials.users}
        self._http = httpx2.AsyncClient(base_url=stack.addresses.api + "/")

    async def get(self, person: str, path: str) -> dict:
        return await self._call("GET", person, path, None)

    async def post(self, person: str, path: str, body: dict) -> dict:
        return await self._call("POST", person, path, body)

    async def _call(self, method: str, person: str, path: str, body: dict | None) -> dict:
        headers = {"Authorization": f"Bearer {self._tokens[person]}"}
        answer = await self._http.request(method, path, json=body, headers=headers)
        answer.raise_for_status()
        return answer.json()


async def _pictures(browser: str, stack: Stack, number: str) -> None:
    address = f"{stack.addresses.temporal_ui}/namespaces/default/workflows/{number}"
    async with async_playwright() as playwright:
        # The sandbox of Chromium does not work as root; it sees nothing but our own pages.
        chromium = await playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = await chromium.new_page(viewport=SIZE)
        await page.goto(address)
        await page.get_by_text("record_decision").first.wait_for()
        await _take(page, "temporal-ui.png")
        await page.get_by_text("User Metadata").click()
        await page.wait_for_timeout(1500)
        await _take(page, "temporal-ui-details.png")
        for person, pages in _PORTAL.items():
            await _portal_pictures(chromium, stack, person, pages)
        await chromium.close()


async def _portal_pictures(chromium: Browser, stack: Stack, person: str, pages: dict[str, str]) -> None:
    assert stack.credentials is not None
    base = stack.addresses.portal.rstrip("/")
    password = next(user.password for user in stack.credentials.users if user.user_name == person)
    context = await chromium.new_context(viewport=PORTAL_SIZE)
    page = await context.new_page()
    await page.goto(f"{base}/sign-in")
    await page.get_by_label("User name").fill(person)
    await page.get_by_label("Password").fill(password or "")
    await page.locator("form[action='/sign-in'] button").click()
    await page.wait_for_url(f"{base}/")
    for name, path in pages.items():
        await page.goto(base + path)
        await page.screenshot(path=IMAGES / f"portal-{name}.png")
        print(f"{IMAGES.parent.name}/images/portal-{name}.png")
    await context.close()


async def _take(page: Page, name: str) -> None:
    await asyncio.sleep(DRAWN)
    await page.screenshot(path=IMAGES / name)
    print(IMAGES.parent.name + f"/images/{name}")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
