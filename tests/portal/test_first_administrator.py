"""The one-time link of a new installation makes its administrator, who is signed in then."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from steadydesk.policies.assertion import install
from steadydesk.records.engine import make_engine
from steadydesk.records.identity_link import FIRST_ADMINISTRATOR, make_link
from steadydesk.stack.postgres import EmbeddedPostgres
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
        page = await somebody.open(f"{FIRST}?link={link}")
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        answer = await somebody.send(FIRST, link=link, user_name="second", name="Second", password=PASSWORD)
        assert answer.status_code == 409
        assert PASSWORD not in answer.text
        assert (await somebody.open("/")).status_code == 303


@pytest.fixture
async def empty(
    postgres: EmbeddedPostgres, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[ApiDesk]:
    """A new installation: nobody, and no configuration."""
    install(KEYRING)
    url = await migrated_database(postgres, database_name(request))
    engine = make_engine(url, command_seconds=20)
    services: Any = DeskServices(engine, isolated_settings(state_dir=tmp_path, database_url=url))
    app = create_app(services)
    async with client_of(app) as client:
        yield ApiDesk(app, services, client)
    await services.bell.close()
    await services.hints.close()
    await engine.dispose()


async def test_who_follows_the_link_administers_and_reads_what_to_do_next(empty: ApiDesk) -> None:
    link = await linked(empty)
    async with visitor(empty) as first:
        assert "<script>alert" not in await first.page(f'{FIRST}?link="><script>alert(1)</script>')
        await first.page(f"{FIRST}?link={link}")
        typed = {"user_name": "first.admin", "name": "Fay First"}
        short = await first.send(FIRST, link=link, password="short", **typed)
        assert short.status_code == 422
        assert "Fay First" in short.text
        made = await first.send(FIRST, link=link, password=PASSWORD, **typed)
        assert (made.status_code, made.headers["location"]) == (303, "/")
        assert "/operations" in await first.page("/")
        again = await first.send(FIRST, link=link, password=PASSWORD, **typed)
        assert again.status_code == 401, "the link is spent"
        for path in ("/catalog", "/dashboard", "/search?q=laptop", "/basket"):
            page = await first.open(path)
            assert (path, page.status_code) == (path, 503)
            assert "steadydesk config apply" in page.text
