"""The visibility matrix over every route of the app: actor x record, allowed, 403 or 404, and lists that hide."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import insert, text

from api.metrics import PREFIX
from api.security import permission_of
from steadydesk.contracts.delegation import NewDelegation
from steadydesk.policies.rights import VISIBILITY, Relation, Verb
from steadydesk.records.tables.grant import grant_register
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.api_desk import ApiDesk, api_desk
from tests.support.visibility_matrix import (
    ACTORS,
    DEMANDS,
    MORE_PEOPLE,
    PAGES,
    PATH_VALUES,
    Actor,
    Demand,
    Subject,
)

INVISIBLE = ("there is no such", "There is no such")
SILENT = "2035-06-01"


@pytest.fixture(scope="module")
async def desk(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ApiDesk]:
    folder = tmp_path_factory.mktemp("api")
    async with api_desk(postgres, "visibility", folder, MORE_PEOPLE) as opened:
        for actor in ACTORS.values():
            await opened.headers(actor.user_name)
        await delegate(opened)
        yield opened


async def delegate(desk: ApiDesk) -> None:
    """Mona is stood for by Dirk, and Lars leaves with a token in his pocket."""
    now = desk.services.clock()
    new = NewDelegation(
        delegator=await desk.person("mona.manager"),
        delegate=await desk.person("dirk.delegate"),
        begins_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=30),
    )
    await desk.post("mona.manager", "/delegations", new.model_dump(mode="json"))
    await desk.post("adam.admin", f"/people/{await desk.person('lars.left')}/deactivate")


@pytest.fixture(scope="module")
async def subjects(desk: ApiDesk) -> dict[str, Subject]:
    return {
        "plain": await plain(desk),
        "restricted": await restricted(desk),
        "silent": await silent(desk),
        "finance": await finance(desk),
    }


async def subject(desk: ApiDesk, who: str, view: dict[str, Any], **relations: set[str]) -> Subject:
    """The numbers of a request as ``who`` sees them, and a grant that it made."""
    number = view["number"]
    view = await desk.get(who, f"/requests/{number}")
    grant = f"GRA{int(number.removeprefix('REQ')):07d}"
    async with desk.services.engine.begin() as connection:
        await connection.execute(
            insert(grant_register).values(
                number=grant,
                request=number,
                line=view["items"][0]["number"],
                step="none",
                holder=await desk.person("ralf.requester"),
                entitlement={"en": "x"},
                state="active",
                approved_by=[],
                granted_at=desk.services.clock(),
            )
        )
    found = Subject(
        number,
        view["items"][0]["number"],
        next((task["number"] for task in view["tasks"]), ""),
        next((gate["id"] for gate in view["approvals"]), ""),
        grant,
    )
    for name, why in relations.items():
        found.relations[name.replace("_", " ")] = why
    return found


async def decide(desk: ApiDesk, who: str, number: str) -> None:
    inbox = (await desk.get(who, "/approvals?state=requested"))["items"]
    (gate,) = [gate["id"] for gate in inbox if gate["number"] == number]
    await desk.post(who, f"/approvals/{gate}/decision", {"decision": "approved"})


async def plain(desk: ApiDesk) -> Subject:
    """Rita orders a laptop for Ralf; Wanda watches, Mona and a budget owner approved, the desk has the task."""
    view = await desk.order(
        "rita.requester", "new-laptop", "ralf.requester", model="light", holder="ralf.requester"
    )
    number = view["number"]
    await desk.post("rita.requester", f"/requests/{number}/watch", {"person": "wanda.watcher"})
    await decide(desk, "mona.manager", number)
    await decide(desk, "bert.budget", number)
    return await subject(
        desk,
        "rita.requester",
        view,
        finance_owner={"approver"},
        rita={"requester"},
        acting_for_rita={"requester"},
        ralf={"requested_for"},
        watcher={"watcher"},
        approver={"approver"},
        delegate={"approver"},
        it_desk={"fulfilment_group"},
        it_owner={"process_owner"},
    )


async def restricted(desk: ApiDesk) -> Subject:
    view = await desk.order("rita.requester", "hr-conversation", topic="health")
    hr = {"restricted_group", "fulfilment_group"}
    return await subject(
        desk,
        "rita.requester",
        view,
        rita={"requester"},
        acting_for_rita={"requester"},
        hr_owner=hr,
        acting_for_helga=hr,
    )


async def silent(desk: ApiDesk) -> Subject:
    """Hanna of HR prepares Ralf's leaving; he must not know yet. The process owners of HR are not named."""
    view = await desk.order("hanna.hr", "leaver", person="ralf.requester", last_day=SILENT)
    named = {"restricted_group"}
    return await subject(
        desk,
        "hanna.hr",
        view,
        hr_desk={"requester", "restricted_group"},
        hr_owner={"restricted_group", "approver"},
        acting_for_helga={"restricted_group", "approver"},
        it_desk=named,
        finance_desk=named,
    )


async def finance(desk: ApiDesk) -> Subject:
    view = await desk.order(
        "rita.requester",
        "expense-payment",
        purpose="Train",
        amount=10,
        spent_on="2026-11-12",
        ask_budget_owner=False,
        iban="DE02120300000000202051",
    )
    await decide(desk, "felix.finance", view["number"])
    await decide(desk, "mona.manager", view["number"])
    return await subject(
        desk,
        "rita.requester",
        view,
        rita={"requester"},
        acting_for_rita={"requester"},
        approver={"approver"},
        delegate={"approver"},
        finance_desk={"approver", "fulfilment_group"},
        finance_owner={"process_owner"},
    )


def routes(desk: ApiDesk) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for route in iter_route_contexts(desk.app.routes):
        path = route.path or ""
        if path.startswith(PREFIX) and not path.endswith("openapi.json"):
            for method in route.methods or ():
                found.setdefault(f"{method} {path.removeprefix(PREFIX)}", route)
    return found


def test_every_route_has_its_demand(desk: ApiDesk) -> None:
    """A new route fails here until somebody has said who may use it."""
    found = {name: permission_of(route.dependant) for name, route in routes(desk).items()}
    found.pop("GET /requests/{number}/why")  # The other address of /records/{number}/why.
    assert found == {name: demand.permission for name, demand in DEMANDS.items()}
    every = {route.path or "" for route in iter_route_contexts(desk.app.routes)}
    outside = {path for path in every if not path.startswith("/api/")}
    assert outside == PAGES


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
    filled = path.format_map(PATH_VALUES | {"number": target or about.request, "gate": target})
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
        return await asyncio.wait_for(asking, 0.2)
    except TimeoutError:
        return None


@pytest.mark.parametrize("actor_name", ACTORS)
@pytest.mark.parametrize("record", ["plain", "restricted", "silent", "finance"])
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


async def test_the_silent_hour_ends_by_itself(desk: ApiDesk, subjects: dict[str, Subject]) -> None:
    number = subjects["silent"].request
    assert (await desk.call("ralf.requester", "GET", f"/requests/{number}")).status_code == 404
    desk.services.ahead = timedelta(days=365 * 10)
    try:
        assert (await desk.call("ralf.requester", "GET", f"/requests/{number}")).status_code == 200
    finally:
        desk.services.ahead = timedelta()


async def test_watching_gives_and_takes_sight(desk: ApiDesk, subjects: dict[str, Subject]) -> None:
    number = subjects["finance"].request
    for watches, status in ((True, 200), (False, 404), (True, 200), (False, 404)):
        await desk.post(
            "rita.requester", f"/requests/{number}/watch", {"person": "stan.stranger", "watch": watches}
        )
        assert (await desk.call("stan.stranger", "GET", f"/requests/{number}")).status_code == status


@pytest.mark.parametrize(
    ("record", "by", "whom"),
    [
        ("restricted", "rita.requester", "stan.stranger"),
        ("restricted", "rita.requester", "ada.admin"),
        ("silent", "hanna.hr", "ralf.requester"),
    ],
)
async def test_nobody_is_let_in_as_a_watcher(
    desk: ApiDesk, subjects: dict[str, Subject], record: str, by: str, whom: str
) -> None:
    number = subjects[record].request
    refused = await desk.call(by, "POST", f"/requests/{number}/watch", {"person": whom})
    assert refused.status_code == 403, refused.text
    assert (await desk.call(whom, "GET", f"/requests/{number}")).status_code == 404


async def test_a_moved_last_day_moves_the_silence(desk: ApiDesk) -> None:
    variables = {"person": "ralf.requester", "last_day": "2026-12-31"}
    view = await desk.order("hanna.hr", "leaver", **variables)
    changed = {"variables": variables | {"last_day": SILENT}}
    await desk.post("hanna.hr", f"/requests/{view['number']}/resubmit", changed)
    desk.services.ahead = timedelta(days=400)
    try:
        assert (await desk.call("ralf.requester", "GET", f"/requests/{view['number']}")).status_code == 404
    finally:
        desk.services.ahead = timedelta()


async def test_work_notes_are_hidden_from_the_customers(desk: ApiDesk, subjects: dict[str, Subject]) -> None:
    number = subjects["plain"].request
    note = {"text": "between us", "work_note": True}
    await desk.post("ingo.it", f"/requests/{number}/comments", note)
    for who, sees in (
        ("ingo.it", True),
        ("ines.itlead", True),
        ("rita.requester", False),
        ("mona.manager", False),
    ):
        timeline = await desk.get(who, f"/requests/{number}/timeline")
        assert ("between us" in str(timeline)) is sees, who


async def test_an_attachment_of_another_record_is_not_found(
    desk: ApiDesk, subjects: dict[str, Subject]
) -> None:
    headers = await desk.headers("helga.hrlead")
    hidden, plain = subjects["restricted"].request, subjects["plain"].request
    uploaded = await desk.client.post(
        f"{PREFIX}/requests/{hidden}/attachments", headers=headers, files={"file": ("a.txt", b"secret words")}
    )
    assert uploaded.status_code == 201, uploaded.text
    path = f"/attachments/{uploaded.json()['id']}"
    assert (await desk.call("helga.hrlead", "GET", f"/requests/{hidden}{path}")).text == "secret words"
    assert (await desk.call("rita.requester", "GET", f"/requests/{plain}{path}")).status_code == 404
    assert (await desk.call("adam.admin", "GET", f"/requests/{hidden}{path}")).status_code == 404


async def test_everybody_who_sees_is_in_the_table_of_sights(
    desk: ApiDesk, subjects: dict[str, Subject]
) -> None:
    """The hand-written relations leave nobody out: each row of sight belongs to one of the actors or a group."""
    async with desk.services.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT number, why FROM sight"))).all()
    assert {why for _, why in rows} <= {str(why) for why in Relation}
    assert {about.request for about in subjects.values()} <= {number for number, _ in rows}
