"""An address for every page of the portal, and who may open it; what pages need is ordered and decided first."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi.routing import iter_route_contexts

from api.portal.routes import ROUTERS
from tests.portal.browsers import ACCESS, LAPTOP, PATIENCE, REFUSED, People

NO_PAGES = frozenset(
    {
        "/sign-in/issuer", "/sign-in/callback", "/records/{number}/events", "/tasks.csv",
        "/records/{number}/attachments/{identity}", "/files/{token}", "/records/{number}/follow-up",
        "/suggest/people", "/suggest/groups", "/suggest/items", "/suggest/configuration-items",
        "/live", "/notifications/bell",
    }
)  # fmt: skip
"""Ways onward, streams, files, what pickers offer, and parts of pages."""


@dataclass(frozen=True)
class Sample:
    """``route`` empty: a page that no route has of its own."""

    route: str
    address: str
    who: str | None
    small: bool = False
    """Also looked at on a screen of 360 pixels."""


def _same(who: str, *routes: str) -> list[Sample]:
    return [Sample(route, route, who) for route in routes]


def _of(who: str, route: str, *addresses: str, small: bool = False) -> list[Sample]:
    return [Sample(route, address, who, small) for address in addresses]


SAMPLES = [
    Sample("/sign-in", "/sign-in?next=/requests", None),
    Sample("/sign-in/first-administrator", "/sign-in/first-administrator?link=sdl_of-nothing", None),
    *_of("rita.requester", "/", "/", small=True),
    *_of("rita.requester", "/catalog", "/catalog", "/catalog?q=nothing-like-it"),
    *_of("rita.requester", "/catalog", "/catalog?follows={followed}"),
    *_of("rita.requester", "/catalog/{key}", "/catalog/new-laptop?follows={followed}"),
    *_of("rita.requester", "/records/{number}", "/records/{followed}", "/records/{follow_up}", small=True),
    *_of("rita.requester", "/catalog/{key}", "/catalog/application-access", "/catalog/new-laptop"),
    *_of("rita.requester", "/requests", "/requests", "/requests?which=closed"),
    *_of("rita.requester", "/records/{number}", "/records/{open}", "/records/{asked}", small=True),
    *_of("rita.requester", "/records/{number}/cancel", "/records/{working}/cancel"),
    *_of("rita.requester", "/records/{number}/recall", "/records/{open}/recall"),
    *_of("rita.requester", "/records/{number}/change", "/records/{open}/change"),
    *_of("rita.requester", "/search", "/search", "/search?q=laptop", "/search?q=nothing-like-it"),
    *_same("rita.requester", "/basket", "/notifications"),
    *_same("rita.requester", "/profile", "/profile/messages", "/profile/delegations"),
    *_same("rita.requester", "/profile/tokens", "/profile/sessions", "/profile/sessions/others/end"),
    *_of("rita.requester", "/profile/tokens/{token}/end", "/profile/tokens/{own_token}/end", small=True),
    *_of("rita.requester", "/profile/sessions/{session}/end", "/profile/sessions/{own_session}/end"),
    *_of("mona.manager", "/profile/delegations", "/profile/delegations", small=True),
    *_of("mona.manager", "/people/{person}/delegations", "/people/{rita}/delegations", small=True),
    Sample("", "/records/REQ9999999", "rita.requester"),
    *_of("mona.manager", "/approvals", "/approvals", "/approvals?show=decided", small=True),
    *_of("mona.manager", "/approvals/{gate}", "/approvals/{open}-G1", small=True),
    *_of("mona.manager", "/approvals/bulk", "/approvals/bulk?gate={open}-G1&decision=approved"),
    *_of("ingo.it", "/tasks", "/tasks", "/tasks?view=board", "/tasks?whose=mine&late=true"),
    *_of("ingo.it", "/tasks/{number}", "/tasks/{task}", small=True),
    *_same("hanna.hr", "/people-operations"),
    *_of("hanna.hr", "/people-operations/{number}", "/people-operations/{joiner}"),
    *_same(
        "ada.admin", "/operations", "/operations/processes", "/operations/stuck", "/operations/deliveries"
    ),
    *_same("ada.admin", "/operations/breakers", "/operations/security", "/operations/audit", "/dashboard"),
    *_same("ada.admin", "/operations/configuration"),
    *_of("ada.admin", "/profile/delegations/for", "/profile/delegations/for?person=e", small=True),
    *_of("ada.admin", "/operations/configuration/{digest}", "/operations/configuration/{digest}"),
    *_of("ines.itlead", "/feedback", "/feedback", "/feedback?kind=suggestion", small=True),
    *_of("ines.itlead", "/feedback/{identity}", "/feedback/{feedback}", small=True),
    *_of("rita.requester", "/records/{number}", "/records/{working}", small=True),
    *_of("rita.requester", "/records/{number}/extend", "/records/{granted}/extend"),
    *_of("rita.requester", "/records/{number}/revoke", "{revocation}", small=True),
]


def page_routes() -> set[str]:
    """Of the app as it is."""
    found = (route for router in ROUTERS for route in iter_route_contexts(router.routes))
    return {route.path or "" for route in found if "GET" in (route.methods or ())}


async def places(people: People) -> dict[str, str]:
    """The numbers in the addresses of the samples."""
    open_one = await people.order("application-access", ACCESS)
    asked = await people.order("application-access", ACCESS)
    question = {"decision": "ask", "comment": "For **which** books?\n\n- of the year\n- of all years"}
    await people.call("mona.manager", "POST", f"/approvals/{asked}-G1/decision", question)
    working = await people.order("new-laptop", LAPTOP)
    await people.approve(working, "mona.manager", "bert.budget")
    await people.call("ingo.it", "POST", f"/tasks/{await people.task(working)}/complete", {})
    task = await people.task(working)
    await people.call("ingo.it", "POST", f"/tasks/{task}/assign", {})
    versions = await people.call("ada.admin", "GET", "/config/versions")
    rita = (await people.call("rita.requester", "GET", "/me"))["person"]["id"]
    granted = await _granted(people)
    followed, follow_up = await _followed(people)
    return {
        "rita": rita,
        "open": open_one,
        "asked": asked,
        "working": working,
        "task": task,
        "joiner": await _joiner(people),
        "granted": granted,
        "followed": followed,
        "follow_up": follow_up,
        "feedback": await _feedback(people, working),
        "revocation": await _revocation(people, granted),
        "digest": versions["items"][0]["digest"],
        "own_token": (await people.call("rita.requester", "GET", "/tokens"))[0]["id"],
        "own_session": await _session_beside(people, "rita.requester"),
    }


async def _session_beside(people: People, who: str) -> str:
    """A session of the person's that is not the one of the window that shows it."""
    await people.sign_in(await people.window(), who)
    page = await people.open(who, "/profile/sessions")
    way = await page.locator('main a[href*="/profile/sessions/s_"]').first.get_attribute("href")
    await people.leave()
    assert way is not None
    return way.split("/")[-2]


async def _joiner(people: People) -> str:
    day = f"{datetime.now(UTC).year + 1}-03-01"
    answers = {"person": {"name": "Nora Neumann"}, "first_day": day, "supervisor": "mona.manager",
               "place": "berlin", "laptop": "light"}  # fmt: skip
    number = await people.order("joiner", answers, "hanna.hr")
    await people.approve(number, "helga.hrlead", "dora.director")
    return number


async def _feedback(people: People, number: str) -> str:
    said = {"kind": "complaint", "text": "Nobody said **when** it comes.\n\n- not by mail\n- not here"}
    return (await people.call("rita.requester", "POST", f"/records/{number}/feedback", said))["id"]


async def _followed(people: People) -> tuple[str, str]:
    """A closed request, and the one that takes it up."""
    closed = await people.order("new-laptop", LAPTOP)
    await people.call("rita.requester", "POST", f"/requests/{closed}/cancel", {})
    again = {"items": [{"item": "new-laptop", "variables": LAPTOP}], "follows": closed}
    return closed, (await people.call("rita.requester", "POST", "/requests", again))["number"]


async def _granted(people: People) -> str:
    """Rights with an end. The outside system lets nobody in, so somebody did its step by hand."""
    number = await people.order("application-access", REFUSED)
    await people.approve(number, "mona.manager")
    await people.call("ingo.it", "POST", f"/tasks/{await people.task(number)}/complete", {})
    return number


async def _revocation(people: People, number: str) -> str:
    """Where what the request granted is given back, once its process has begun."""
    page = await people.open("rita.requester", f"/records/{number}")
    link = page.locator('main a[href*="/revoke?grant="]')
    async with asyncio.timeout(PATIENCE / 1000):
        while not await link.count():
            await page.reload()
    way = await link.first.get_attribute("href")
    await people.leave()
    assert way is not None
    return way
