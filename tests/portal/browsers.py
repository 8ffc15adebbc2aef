"""Real Chromium on a running stack: people side by side, each with their own cookies and a watch on what scripts do."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    async_playwright,
)

from steadydesk.settings import Settings
from steadydesk.stack.postgres import NOT_DURABLE
from steadydesk.stack.supervisor import Stack, Variation, running_stack

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 10_000
"""Milliseconds: what a page is waited for on a busy machine."""

ACCESS = {"application": "ledger", "level": "write", "until": "2030-03-31", "reason": "Closing of the year"}
REFUSED = ACCESS | {"application": "design-archive", "level": "read"}
"""The systems of the demo let nobody into this one: after its one approval a person decides how it goes on."""
LAPTOP = {"model": "light", "accessories": ["dock"]}


@dataclass
class People:
    """``alarms`` are dialogs, errors of scripts, and what the policy of a page kept from running: there are none."""

    stack: Stack
    browser: Browser
    alarms: list[str] = field(default_factory=list[str])
    kept: dict[str, Any] = field(default_factory=dict[str, Any])
    """The cookies of who has signed in, by user name."""

    @property
    def base(self) -> str:
        return self.stack.addresses.portal.rstrip("/")

    async def open(self, user_name: str, path: str = "/", *, width: int = 1280, **context: Any) -> Page:
        """A page of the person in a window of its own; ``context`` as Playwright's new_context takes it."""
        kept = self.kept.get(user_name)
        page = await self.window(width=width, storage_state=kept, **context)
        await page.goto(self.base + path)
        if kept is None or "/sign-in" in page.url:
            await self.sign_in(page, user_name)
            self.kept[user_name] = await page.context.storage_state()
            if path != "/":
                await page.goto(self.base + path)
        return page

    async def window(self, *, width: int = 1280, **context: Any) -> Page:
        """An empty page of nobody yet."""
        own = await self.browser.new_context(
            base_url=self.base, viewport={"width": width, "height": 900}, **context
        )
        own.set_default_timeout(PATIENCE)
        self.watch(own)
        return await own.new_page()

    async def sign_in(self, page: Page, user_name: str) -> None:
        """From wherever the page is, by the form; back to where the form leads."""
        if "/sign-in" not in page.url:
            await page.goto(f"{self.base}/sign-in")
        await page.locator("[name=user_name]").fill(user_name)
        await page.locator("[name=password]").fill(self._user(user_name).password or "")
        await form(page, "/sign-in").locator("button").click()
        await page.locator("header.top").wait_for()

    def watch(self, context: BrowserContext) -> None:
        context.on("dialog", self._dialog)
        context.on("weberror", lambda error: self.alarms.append(f"error: {error.error}"))
        context.on("console", self._console)

    async def _dialog(self, dialog: Dialog) -> None:
        self.alarms.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            self.alarms.append(f"policy: {message.text}")

    async def leave(self) -> None:
        """Close every window."""
        for context in self.browser.contexts:
            await context.close()

    async def call(self, user_name: str, method: str, path: str, body: Any = None) -> Any:
        """The same person at the API."""
        headers = {"Authorization": f"Bearer {self._user(user_name).token}"}
        async with httpx2.AsyncClient(timeout=20) as client:
            answer = await client.request(
                method, f"{self.stack.addresses.api}{path}", json=body, headers=headers
            )
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def order(self, item: str, variables: dict[str, Any], who: str = "rita.requester") -> str:
        """The number of a request for one item."""
        body = {"items": [{"item": item, "variables": variables}]}
        return (await self.call(who, "POST", "/requests", body))["number"]

    async def approve(self, number: str, *who: str) -> None:
        """Each decides on the gate that is open when it is their turn."""
        for count, user_name in enumerate(who, start=1):
            path = f"/approvals/{number}-G{count}/decision"
            await self.call(user_name, "POST", path, {"decision": "approved"})

    async def task(self, number: str, user_name: str = "ingo.it") -> str:
        """The open task of the request, which its process may still have to open."""
        async with asyncio.timeout(PATIENCE / 1000):
            while True:
                tasks = (await self.call(user_name, "GET", f"/requests/{number}"))["tasks"]
                found = [task["number"] for task in tasks if task["open"]]
                if found:
                    return found[0]

    def _user(self, user_name: str) -> Any:
        assert self.stack.credentials is not None
        return next(user for user in self.stack.credentials.users if user.user_name == user_name)


def chromium() -> str | None:
    """The program of the system's browser."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@asynccontextmanager
async def people_on(settings: Settings, program: str) -> AsyncIterator[People]:
    """A whole stack, and a browser."""
    variation = Variation(postgres_settings=NOT_DURABLE)
    async with running_stack(settings, variation=variation) as stack, async_playwright() as playwright:
        # The sandbox of Chromium does not work as root; it sees nothing but our own pages.
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield People(stack, browser)
        finally:
            await browser.close()


def form(page: Page, action: str) -> Locator:
    """The form that posts to the path, whatever language the page has."""
    return page.locator(f'form[action="{action}"]')


async def click_and_go(page: Page, button: Locator) -> None:
    """Press it and be on the page that it leads to."""
    async with page.expect_navigation():
        await button.click()


def number_in(address: str) -> str:
    match = re.search(r"REQ\d+", address)
    assert match, address
    return match[0]
