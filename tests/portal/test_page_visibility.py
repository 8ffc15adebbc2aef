"""The visibility matrix through the pages: each opens for exactly those who may see its record, and no list, search,
picker or count gives a hidden one away.
"""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from fastapi.routing import iter_route_contexts

from api.portal.routes import ROUTERS
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.portal.visitors import Visitor, visitor
from tests.support.api_desk import ApiDesk, api_desk
from tests.support.visibility_matrix import ACTORS, PATH_VALUES, Subject
from tests.support.visibility_subjects import MORE_PEOPLE, delegate, matrix_subjects

PEOPLE = {name: actor for name, actor in ACTORS.items() if actor.permissions and not actor.for_}
"""Those who sign in with a password: services do not, and who left may not."""

RESTRICTED = {"restricted", "left behind", "silent", "silent about another account"}
OF_RECORDS = ("{number}", "{gate}")
LISTS = (
    "/", "/requests?whose=seen&which=all", "/requests?whose=for_me", "/approvals", "/approvals?show=decided",
    "/approvals?show=ended", "/tasks", "/tasks?state=closed", "/tasks?view=board", "/tasks.csv",
    "/people-operations?which=all", "/notifications", "/dashboard", "/operations", "/operations/processes",
    "/operations/stuck", "/operations/deliveries", "/operations/security", "/operations/audit",
)  # fmt: skip
"""Pages about many records; those that a person has no right to are refused to them."""


_NEW = r'since=\d+|nonce="[^"]*"|name="(?:once|form_token)" value="[^"]*"'


@pytest.fixture(scope="module")
async def desk(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ApiDesk]:
    async with api_desk(postgres, "portal_sight", tmp_path_factory.mktemp("sight"), MORE_PEOPLE) as opened:
        await opened.headers("lars.left")
        await delegate(opened)
        yield opened


@pytest.fixture(scope="module")
async def before(desk: ApiDesk) -> dict[str, str]:
    """What somebody who will see no record is shown while there is none."""
    async with visitor(desk, "stan.stranger") as stan:
        return {path: await plain(stan, path) for path in LISTS}


@pytest.fixture(scope="module")
async def subjects(desk: ApiDesk, before: dict[str, str]) -> dict[str, Subject]:
    assert before
    return await matrix_subjects(desk)


async def plain(browser: Visitor, path: str) -> str:
    """The page without what is new each time it is shown."""
    html = (await browser.open(path)).text
    return re.sub(rf"{_NEW}|<time.*?</time>", "", html)


def pages_of_records() -> list[str]:
    found = (route for router in ROUTERS for route in iter_route_contexts(router.routes))
    paths = {route.path or "" for route in found if "GET" in (route.methods or ())}
    return sorted(path for path in paths if any(part in path for part in OF_RECORDS))


def addresses(about: Subject) -> list[tuple[str, str]]:
    """Each page with the numbers that stand in its address: (path, address)."""
    found: list[tuple[str, str]] = []
    for path in pages_of_records():
        numbers = {"/records/{number}": about.numbers, "/tasks/{number}": [about.task]}.get(
            path, [about.request]
        )
        found += [
            (path, path.format_map(PATH_VALUES | {"number": number, "gate": about.gate}))
            for number in numbers
            if number and number != about.gate and (about.gate or "{gate}" not in path)
        ]
    return found


async def status(browser: Visitor, address: str, *, stream: bool = False) -> tuple[int, str]:
    """Status and page; a stream that goes on is 200."""
    try:
        answer = await asyncio.wait_for(browser.open(address), 0.3 if stream else 30)
    except TimeoutError:
        return 200, ""
    return answer.status_code, answer.text


def must_open(path: str, address: str, about: Subject) -> bool:
    """Whether the page is there for everybody who may see the record, and not only for some of them or at some times.
    The grants of the matrix have no process, and no page.
    """
    always = ("/records/{number}", "/records/{number}/events", "/approvals/{gate}", "/tasks/{number}")
    return path in always and not address.endswith(about.grant)


def test_there_are_pages_of_records() -> None:
    assert {"/records/{number}", "/tasks/{number}", "/approvals/{gate}"} < set(pages_of_records())


@pytest.mark.parametrize("name", PEOPLE)
async def test_pages_open_for_those_who_may_see_and_nobody_else(
    desk: ApiDesk, subjects: dict[str, Subject], name: str
) -> None:
    wrong: list[str] = []
    missing: dict[str, str] = {}
    async with visitor(desk, PEOPLE[name].user_name) as browser:
        for about in subjects.values():
            for path, address in addresses(about):
                visible = bool(about.relations.get(name))
                code, html = await status(browser, address, stream=visible and path.endswith("/events"))
                if visible:
                    if code in (401, 500) or (must_open(path, address, about) and code not in (200, 303)):
                        wrong.append(f"{address}: {code}, though it may be seen")
                    continue
                nowhere = re.sub(r"(REQ|RITM|SCTASK|GRA)\d+", r"\g<1>9999999", address)
                if nowhere not in missing:
                    missing[nowhere] = nameless((await status(browser, nowhere))[1])
                if (code, nameless(html)) != (404, missing[nowhere]):
                    wrong.append(f"{address}: {code}, not the page of what is missing")
    assert wrong == []


def nameless(html: str) -> str:
    """The page without the number that it was asked for."""
    return re.sub(rf"{_NEW}|(REQ|RITM|SCTASK|GRA)\d+", "", html)


@pytest.mark.parametrize("name", PEOPLE)
async def test_lists_search_and_pickers_show_what_is_visible_and_nothing_else(
    desk: ApiDesk, subjects: dict[str, Subject], name: str
) -> None:
    seen = [about for about in subjects.values() if about.relations.get(name)]
    unseen = {key: about for key, about in subjects.items() if about not in seen}
    hidden = [number for about in unseen.values() for number in about.numbers]
    secret = [number for key in RESTRICTED & unseen.keys() for number in unseen[key].numbers]
    shown: list[str] = []
    async with visitor(desk, PEOPLE[name].user_name) as browser:
        for path in LISTS:
            code, html = await status(browser, path)
            assert code in (200, 403), path
            # Operators look after every process by its number; of restricted ones they see no more than others.
            here = secret if path.startswith("/operations") else hidden
            shown += [f"{path} shows {number}" for number in here if number in html]
        for number in hidden:
            if f"/{number}" in await browser.page(f"/search?q={number.lower()}"):
                shown.append(f"the search leads to {number}")
        for what in ("people", "groups", "items", "configuration-items"):
            assert (await browser.open(f"/suggest/{what}?q=REQ000")).json() == []
        every = await browser.page("/requests?whose=seen&which=all")
        for about in seen:
            assert about.request in every
            found = await browser.open(f"/search?q={about.request.lower()}")
            assert found.headers.get("location") == f"/records/{about.request}"
    assert shown == []


async def test_who_sees_nothing_sees_the_same_as_before_there_was_anything(
    desk: ApiDesk, before: dict[str, str], subjects: dict[str, Subject]
) -> None:
    """No count, no chart and no empty place gives away that there are records."""
    assert len(subjects) > 3
    async with visitor(desk, "stan.stranger") as stan:
        for path, html in before.items():
            assert await plain(stan, path) == html, path


async def test_nobody_gets_anywhere_without_signing_in(desk: ApiDesk, subjects: dict[str, Subject]) -> None:
    async with visitor(desk) as nobody:
        for about in subjects.values():
            for _, address in addresses(about):
                answer = await nobody.open(address)
                assert answer.status_code == 303, address
                assert answer.headers["location"].startswith("/sign-in?next=")
