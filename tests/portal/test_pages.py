"""What the pages show, to whom, and how many statements that takes."""

import pytest

from tests.portal.visitors import statements, tags, visitor
from tests.support.api_desk import ApiDesk

ACCESS = {"application": "ledger", "level": "write", "until": "2030-03-31", "reason": "Closing of the year"}


@pytest.fixture(scope="module")
async def number(portal: ApiDesk) -> str:
    ordered = await portal.order("rita.requester", "application-access", **ACCESS)
    return ordered["number"]


async def test_home_says_what_waits_and_what_was_asked_for(portal: ApiDesk, number: str) -> None:
    async with visitor(portal, "rita.requester") as rita, visitor(portal, "mona.manager") as mona:
        own = await rita.page("/")
        assert "Access to an application" in own
        assert number in own
        waiting = await mona.page("/")
        assert 'id="approvals"' in waiting
        assert "Access to an application" in waiting


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/requests",
        "/requests?whose=seen&which=all",
        "/records/{number}",
        "/search?q=access",
        "/records/{number}/cancel",
        "/search?q=ri",
        "/feedback",
    ],
)
@pytest.mark.parametrize("who", ["rita.requester", "mona.manager"])
async def test_pages_take_five_statements(portal: ApiDesk, number: str, path: str, who: str) -> None:
    async with visitor(portal, who) as somebody:
        await somebody.page("/")
        with statements(portal) as counted:
            answer = await somebody.open(path.format(number=number))
        assert answer.status_code in (200, 409), answer.text
        assert counted.count <= 5, "\n\n".join(counted.texts)


async def test_the_request_page_says_why_it_waits(portal: ApiDesk, number: str) -> None:
    async with visitor(portal, "rita.requester") as rita:
        html = await rita.page(f"/records/{number}")
        assert "What it waits for" in html
        assert "Mona" in html
        assert "Closing of the year" in html
        assert f'href="/records/{number}/cancel"' in html
        shown = tags(html)
        assert sum(tag == "h1" for tag, _ in shown) == 1


async def test_a_german_reader_gets_german_pages(portal: ApiDesk) -> None:
    async with visitor(portal, "ingo.it") as ingo:
        html = await ingo.page("/")
        assert '<html lang="de"' in html
        assert "Guten Tag, Ingo" in html


async def test_the_navigation_marks_the_way_that_leads_to_a_page(portal: ApiDesk, number: str) -> None:
    marked = {"/": "/", "/requests": "/requests", f"/records/{number}": "/requests", "/basket": "/catalog",
              f"/records/{number}/cancel": "/requests", "/catalog/new-laptop": "/catalog"}  # fmt: skip
    async with visitor(portal, "rita.requester") as rita:
        for path, way in marked.items():
            html = await rita.page(path)
            nav = html[html.index('class="ways"') :].partition("</nav>")[0]
            [found] = [given for _, given in tags(nav) if "aria-current" in given]
            assert (found["href"], found["aria-current"]) == (way, "page" if path == way else "true")
        profile = await rita.page("/profile")
        assert profile.count("aria-current") == 1, "a tab, no way"
        assert profile.count("Times are those of") == 1
