"""People at the portal over a test database: they sign in as a browser would, open pages and send their forms."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import httpx2
from sqlalchemy import event

from steadydesk.records.identity_password import set_password
from tests.support.api_desk import ApiDesk

ORIGIN = "http://test"
PASSWORD = "a long enough password"
HTML = {"Accept": "text/html,application/xhtml+xml"}


@dataclass
class Visitor:
    """One browser with its cookies."""

    client: httpx2.AsyncClient
    last: httpx2.Response | None = None

    async def open(self, path: str, **headers: str) -> httpx2.Response:
        self.last = await self.client.get(path, headers=HTML | headers)
        return self.last

    async def page(self, path: str) -> str:
        answer = await self.open(path)
        assert answer.status_code == 200, (answer.status_code, answer.text[:2000])
        return answer.text

    async def send(
        self,
        path: str,
        *,
        token: str | None = None,
        origin: str | None = ORIGIN,
        files: Any = None,
        **values: Any,
    ) -> httpx2.Response:
        """A form with the token of the page that was opened last."""
        assert self.last is not None
        if origin == ORIGIN and self.last.headers.get("referrer-policy") == "no-referrer":
            origin = "null"  # As browsers do, by "append a request Origin header" of the Fetch standard.
        given = token if token is not None else field_of(self.last.text, "form_token")
        headers = HTML | ({"Origin": origin} if origin else {})
        data = {"form_token": given, **{name.replace("__", "."): value for name, value in values.items()}}
        return await self.client.post(path, data=data, files=files, headers=headers)

    async def sign_in(self, user_name: str, password: str = PASSWORD, **more: str) -> httpx2.Response:
        await self.open("/sign-in")
        return await self.send("/sign-in", user_name=user_name, password=password, **more)


@asynccontextmanager
async def visitor(desk: ApiDesk, user_name: str | None = None) -> AsyncIterator[Visitor]:
    """A browser; signed in where a user name is given, with a password of the test's."""
    transport = httpx2.ASGITransport(desk.app, client=("192.0.2.7", 4711))
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        browser = Visitor(client)
        if user_name is not None:
            await give_password(desk, user_name)
            answer = await browser.sign_in(user_name)
            assert answer.status_code == 303, answer.text[:2000]
        yield browser


async def give_password(desk: ApiDesk, user_name: str) -> None:
    person = await desk.person(user_name)
    async with desk.services.engine.begin() as connection:
        await set_password(connection, person, PASSWORD, datetime.now(UTC))


def field_of(html: str, name: str) -> str:
    """The value of the first hidden field of this name."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, f"no field {name}"
    return found[1]


@dataclass
class Statements:
    count: int = 0
    texts: list[str] = field(default_factory=list[str])


@contextmanager
def statements(desk: ApiDesk) -> Iterator[Statements]:
    """Counts the statements that the database is sent."""
    counted = Statements()

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "SET answer_due_at" in statement or "pg_notify" in statement:
            return  # Written or rung later, of commands that were answered before.
        counted.count += 1
        counted.texts.append(statement)

    engine = desk.services.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield counted
    finally:
        event.remove(engine, "before_cursor_execute", note)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    """Every element with its attributes."""
    parser = _Tags()
    parser.feed(html)
    return parser.found
