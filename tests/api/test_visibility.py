"""The visibility matrix over every route of the app: actor x record, allowed, 403 or 404, and lists that hide."""

import asyncio
from typing import Any

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from api.metrics import PREFIX
from api.portal import assets
from api.portal.routes import ROUTERS
from api.security import permission_of
from steadydesk.contracts.identity import Scope
from steadydesk.policies.rights import SCOPE_OF, VISIBILITY, Verb
from tests.support.api_desk import ApiDesk
from tests.support.visibility_matrix import (
    ACTORS,
    DEMANDS,
    PAGES,
    PATH_VALUES,
    Actor,
    Demand,
    Subject,
)
from tests.support.visibility_subjects import delegate, matrix_subjects


@pytest.fixture(scope="module")
async def desk(desk: ApiDesk) -> ApiDesk:
    for actor in ACTORS.values():
        await desk.headers(actor.user_name)
    await delegate(desk)
    return desk


@pytest.fixture(scope="module")
async def subjects(desk: ApiDesk) -> dict[str, Subject]:
    return await matrix_subjects(desk)


def routes(desk: ApiDesk) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for route in iter_route_contexts(desk.app.routes):
        path = route.path or ""
        if path.startswith(PREFIX) and not path.endswith("openapi.json"):
            for method in route.methods or ():
                found.setdefault(f"{method} {path.removeprefix(PREFIX)}", route)
    return found


def test_a_token_that_may_only_read_writes_nothing() -> None:
    """But for ending its own session; a move asks for a token for orders or for work (``test_commands.py``)."""
    writes = {
        route
        for route, demand in DEMANDS.items()
        if not route.startswith("GET ") and demand.permission and SCOPE_OF[demand.permission] is Scope.READ
    }
    assert writes == {"DELETE /sessions/current", "POST /requests/{number}/move"}


def test_every_route_has_its_demand(desk: ApiDesk) -> None:
    """A new route fails here until somebody has said who may use it."""
    found = {name: permission_of(route.dependant) for name, route in routes(desk).items()}
    found.pop("GET /requests/{number}/why")  # The other address of /records/{number}/why.
    assert found == {name: demand.permission for name, demand in DEMANDS.items()}
    every = {route.path or "" for route in iter_route_contexts(desk.app.routes)}
    of_portal = {
        route.path for router in (assets.router, *ROUTERS) for route in iter_route_contexts(router.routes)
    }
    assert {path for path in every - of_portal if not path.startswith("/api/")} == PAGES


def expected(actor: Actor, name: str, demand: Demand, about: Subject) -> int:
    """401, 403, 404, or 200 for allowed."""
    if not actor.user_name or actor.user_name == "lars.left":
        return 401
    assert demand.permission is not None
    if demand.permission not in actor.permissions:
        return 403
    if demand.everywhere and not actor.everywhere:
        return 403
    if demand.verb is None:
        return 200
    if demand.of == "feedback":
        return 200 if name in about.hear else 404
    relations = about.relations.get(name, set())
    if not relations:
        return 404
    return 200 if relations & {str(why) for why in VISIBILITY[demand.verb]} else 403


def got(response: httpx2.Response | None) -> int:
    """200 for everything but refusals of sight and right; a missing part of a visible record is none."""
    if response is None:
        return 200
    if response.status_code == 404:
        return 404 if "for you to see" in response.json()["detail"] else 200
    return response.status_code if response.status_code in (401, 403) else 200


async def ask(
    desk: ApiDesk, actor: Actor, name: str, demand: Demand, about: Subject
) -> httpx2.Response | None:
    """The answer; None where it goes on as a stream."""
    method, path = name.split(" ")
    target = getattr(about, demand.of)
    values = PATH_VALUES | {"number": target or about.request, "gate": target}
    if demand.of == "feedback":
        values["identity"] = target
    filled = path.format_map(values)
    desk.forget_quotas()  # Many refused tokens from one address are slowed down, which is not asked here.
    headers = await desk.headers(actor.user_name)
    if actor.for_:
        headers["X-Act-For"] = actor.for_
    if demand.stale:
        headers["If-Match"] = '"999"'
    if demand.file:
        files = {"file": ("a.txt", b"words")}
        return await desk.client.request(method, f"{PREFIX}{filled}", headers=headers, files=files)
    asking = desk.client.request(method, f"{PREFIX}{filled}", headers=headers, json=demand.body)
    if not demand.stream:
        return await asking
    try:
        # Long enough for a refusal on a busy machine; a stream that is allowed does not end.
        return await asyncio.wait_for(asking, 1)
    except TimeoutError:
        return None


@pytest.mark.parametrize("actor_name", ACTORS)
@pytest.mark.parametrize("record", ["plain", "restricted", "left behind", "silent", "finance"])
async def test_matrix(desk: ApiDesk, subjects: dict[str, Subject], actor_name: str, record: str) -> None:
    actor, about = ACTORS[actor_name], subjects[record]
    wrong: list[str] = []
    for name, demand in DEMANDS.items():
        if demand.permission is None or not getattr(about, demand.of):
            continue
        if demand.of == "grant" and demand.verb is not Verb.SEE:
            continue  # Without a process of its own; see the tests of grants.
        if demand.verb is None and (record != "plain" or name == "DELETE /sessions/current"):
            continue  # Not about a record: once is enough.
        response = await ask(desk, actor, name, demand, about)
        want, have = expected(actor, actor_name, demand, about), got(response)
        if have != want:
            wrong.append(f"{name}: {have} instead of {want}: {response.text if response else ''}"[:300])
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("actor_name", [name for name, actor in ACTORS.items() if actor.permissions])
async def test_lists_hold_what_is_visible_and_nothing_else(
    desk: ApiDesk, subjects: dict[str, Subject], actor_name: str
) -> None:
    actor = ACTORS[actor_name]
    assert actor.user_name is not None
    headers = {"X_Act_For": actor.for_} if actor.for_ else {}
    lists = [
        name.removeprefix("GET ") for name, demand in DEMANDS.items() if demand.lists and "{" not in name
    ]
    read = {one["id"] for one in await whole(desk, actor.user_name, "/feedback", headers)}
    for about in subjects.values():
        assert (about.feedback in read) == (actor_name in about.hear)
    pages = {path: str(await whole(desk, actor.user_name, path, headers)) for path in lists}
    for about in subjects.values():
        if about.relations.get(actor_name):
            assert about.request in pages["/requests"]
            assert about.grant in pages["/grants"]
            continue
        for path, content in pages.items():
            shown = [number for number in about.numbers if number in content]
            assert not shown, f"{path} shows {shown}"


async def whole(desk: ApiDesk, who: str, path: str, headers: dict[str, str]) -> list[Any]:
    """All pages of a list, by twos."""
    found: list[Any] = []
    after: str | None = ""
    while after is not None:
        query = "?limit=2&open=false" if path == "/tasks" else "?limit=2"
        page = await desk.get(who, path + query + (f"&after={after}" if after else ""), **headers)
        found += page["items"]
        after = page["after"]
    return found


@pytest.mark.parametrize("typed", ["{0}", "req{1}", "REQ-{1}", " req #{1}", "ReQ 000{1}"])
async def test_a_number_is_found_or_hidden_however_it_is_typed(
    desk: ApiDesk, subjects: dict[str, Subject], typed: str
) -> None:
    number = subjects["restricted"].request
    asked = typed.format(number, int(number.removeprefix("REQ"))).replace("#", "%23")
    assert (await desk.get("helga.hrlead", f"/records/{asked}"))["number"] == number
    hidden = await desk.call("adam.admin", "GET", f"/records/{asked}")
    missing = await desk.call("adam.admin", "GET", "/records/REQ9999999")
    assert hidden.json() == missing.json()
