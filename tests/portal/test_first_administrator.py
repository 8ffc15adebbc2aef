"""The one-time link of a new installation makes its administrator, who is signed in then."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Page, async_playwright

from api.app import create_app
from steadydesk.policies.assertion import install
from steadydesk.records.engine import make_engine
from steadydesk.records.identity_link import FIRST_ADMINISTRATOR, make_link
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.portal.hostile import LINE, looked_through, send
from tests.portal.test_browser_axe import in_both_themes
from tests.portal.visitors import PASSWORD, visitor
from tests.support.api import client_of
from tests.support.api_desk import KEYRING, ApiDesk, DeskServices
from tests.support.databases import database_name, migrated_database
from tests.support.stacks import isolated_settings

FIRST = "/sign-in/first-administrator"


async def linked(desk: ApiDesk) -> str:
    async with desk.services.engine.begin() as connection:
        return await make_link(connection, FIRST_ADMINISTRATOR, datetime.now(UTC))


async def test_a_link_is_good_for_nothing_where_there_is_an_administrator(portal: ApiDesk) -> None:
    link = await linked(portal)
    async with visitor(portal) as somebody:
        page = await somebody.open(f"{FIRST}?link={link}", **{"Accept-Language": "de"})
        assert "Noch verwaltet niemand" not in page.text
        assert "Dieser Link gilt nicht" in page.text
        assert 'name="user_name"' not in page.text
        await somebody.page("/sign-in")
        assert page.headers["referrer-policy"] == "same-origin"
        assert page.headers["cache-control"] == "no-store"
        answer = await somebody.send(FIRST, link=link, user_name="second", name="Second", password=PASSWORD)
        assert answer.status_code == 409
        assert PASSWORD not in answer.text
        assert (await somebody.open("/")).status_code == 303


@pytest.fixture
async def empty(
    postgres: EmbeddedPostgres, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[ApiDesk]:
    """A new installation for each test: nobody, and no configuration."""
    install(KEYRING)
    url = await migrated_database(postgres, f"{database_name(request)}_{request.function.__name__}"[:63])
    engine = make_engine(url, command_seconds=20)
    services: Any = DeskServices(engine, isolated_settings(state_dir=tmp_path, database_url=url))
    app = create_app(services)
    async with client_of(app) as client:
        yield ApiDesk(app, services, client)
    await services.bell.close()
    await services.hints.close()
    await engine.dispose()


@pytest.fixture
async def page(empty: ApiDesk, browser_program: str) -> AsyncIterator[Page]:
    """Of a real browser: what it says of a form's origin follows from the headers of the page that held it."""
    async with served(empty) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_program, args=["--no-sandbox"])
        looks: Any = {"bypass_csp": True, "color_scheme": "light", "reduced_motion": "reduce"}
        yield await browser.new_page(base_url=address, **looks)
        await browser.close()


@asynccontextmanager
async def served(desk: ApiDesk) -> AsyncIterator[str]:
    """The address of its pages, on a port of their own."""
    server = uvicorn.Server(uvicorn.Config(desk.app, log_level="error"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        serving = asyncio.ensure_future(server.serve(sockets=[free]))
        yield f"http://127.0.0.1:{free.getsockname()[1]}"
        server.should_exit = True
        await serving


async def test_the_form_is_taken_from_a_browser_and_words_are_only_words(empty: ApiDesk, page: Page) -> None:
    path = f"{FIRST}?link={await linked(empty)}"
    await page.goto(path)
    assert await in_both_themes(page) == []
    hostile = {"user_name": LINE, "name": LINE, "password": LINE}
    await send(page, path, "first", hostile, refused=True)
    assert await looked_through(page), "the form again, as it was filled in"
    await send(page, path, "first", {"user_name": "first.admin", "name": LINE, "password": PASSWORD})
    assert await page.locator("header.top").count() == 1
    assert await looked_through(page)


async def test_who_follows_the_link_administers_and_reads_what_to_do_next(empty: ApiDesk) -> None:
    link = await linked(empty)
    async with visitor(empty) as first:
        unknown = await first.open(f'{FIRST}?link="><script>alert(1)</script>')
        assert "<script>alert" not in unknown.text
        assert "This link is good for nothing" in unknown.text
        assert "Nobody administers" in await first.page(f"{FIRST}?link={link}")
        typed = {"user_name": "first.admin", "name": "Fay First"}
        short = await first.send(FIRST, link=link, password="short", **typed)
        assert short.status_code == 422
        assert "Fay First" in short.text
        made = await first.send(FIRST, link=link, password=PASSWORD, **typed)
        assert (made.status_code, made.headers["location"]) == (303, "/")
        assert "/operations" in await first.page("/")
        again = await first.send(FIRST, link=link, password=PASSWORD, **typed)
        assert again.status_code == 401, "the link is spent"
        assert "This link is good for nothing" in again.text
        for path in ("/catalog", "/dashboard", "/search?q=laptop", "/basket"):
            page = await first.open(path)
            assert (path, page.status_code) == (path, 503)
            assert "steadydesk config apply" in page.text
