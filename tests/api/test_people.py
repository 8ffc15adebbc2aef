from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from steadydesk.records.identity_password import set_password
from tests.support.api import as_person, client_of, directory_app, id_of

PASSWORD = "correct horse battery"


@pytest.fixture
async def client(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(directory_app(engine, tmp_path)) as opened:
        yield opened


def kind(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"].removeprefix("/problems/")


async def test_an_administrator_adds_edits_and_deactivates_a_person(
    client: httpx2.AsyncClient, engine: AsyncEngine
) -> None:
    root = await as_person(engine, "root")
    made = await client.post("/api/v1/people", headers=root, json={"user_name": "eve", "name": "Eve"})
    assert made.status_code == 201
    address, etag = made.headers["location"], made.headers["etag"]
    assert etag == '"1"'
    edit = {"name": "Eva", "roles": [{"role": "fulfiller", "function": "it"}]}
    assert kind(await client.patch(address, headers=root, json=edit)) == (428, "version-required")
    done = await client.patch(address, headers={**root, "If-Match": etag}, json=edit)
    assert (done.json()["name"], done.headers["etag"]) == ("Eva", '"2"')
    stale = await client.patch(address, headers={**root, "If-Match": etag}, json={"name": "Evi"})
    assert kind(stale) == (412, "stale-version")
    assert stale.json()["version"] == 2
    wrong = await client.patch(address, headers={**root, "If-Match": "new"}, json={"name": "Evi"})
    assert kind(wrong) == (422, "invalid-input")
    eve = await as_person(engine, "eve")
    assert (await client.get("/api/v1/me", headers=eve)).status_code == 200
    left = await client.post(f"{address}/deactivate", headers=root)
    assert left.json()["tokens"] == 1
    assert kind(await client.get("/api/v1/me", headers=eve)) == (401, "not-signed-in")
    assert (await client.post(f"{address}/reactivate", headers=root)).json()["active"]
    taken = await client.post("/api/v1/people", headers=root, json={"user_name": "EVE", "name": "Eve"})
    assert kind(taken) == (409, "conflicting-edit")


async def test_nobody_else_keeps_the_directory(client: httpx2.AsyncClient, engine: AsyncEngine) -> None:
    ada, bob = await as_person(engine, "ada"), await id_of(engine, "bob")
    writes: list[tuple[str, str, Any]] = [
        ("POST", "/api/v1/people", {"user_name": "x", "name": "X"}),
        ("PATCH", f"/api/v1/people/{bob}", {"language": "de"}),
        ("POST", f"/api/v1/people/{bob}/deactivate", None),
        ("POST", f"/api/v1/people/{bob}/reactivate", None),
        ("POST", "/api/v1/directory/import", {}),
        ("POST", "/api/v1/groups", {"key": "x", "label": "X"}),
        ("PATCH", "/api/v1/groups/choir", {"label": "X"}),
        ("PUT", f"/api/v1/groups/choir/members/{bob}", None),
        ("DELETE", f"/api/v1/groups/choir/members/{bob}", None),
    ]
    for method, path, body in writes:
        response = await client.request(method, path, headers={**ada, "If-Match": "*"}, json=body)
        assert kind(response) == (403, "not-allowed"), path


async def test_people_edit_their_own_language_and_nothing_else(
    client: httpx2.AsyncClient, engine: AsyncEngine
) -> None:
    ada = {**await as_person(engine, "ada"), "If-Match": "*"}
    path = f"/api/v1/people/{await id_of(engine, 'ada')}"
    assert (await client.patch(path, headers=ada, json={"language": "de"})).json()["language"] == "de"
    for more in (
        {"name": "Queen"},
        {"language": "de", "roles": [{"role": "administrator"}]},
        {"manager": None},
    ):
        assert kind(await client.patch(path, headers=ada, json=more)) == (403, "not-allowed")


async def test_others_see_a_card(client: httpx2.AsyncClient, engine: AsyncEngine) -> None:
    path = f"/api/v1/people/{await id_of(engine, 'ada')}"
    assert "zone" not in (await client.get(path, headers=await as_person(engine, "bob"))).json()
    for reader in ("ada", "root"):
        assert "zone" in (await client.get(path, headers=await as_person(engine, reader))).json()
    unknown = await client.get("/api/v1/people/p_nobodyatall2", headers=await as_person(engine, "bob"))
    assert kind(unknown) == (404, "unknown-record")


async def test_lists_and_their_pages(client: httpx2.AsyncClient, engine: AsyncEngine) -> None:
    ada = await as_person(engine, "ada")
    page = (await client.get("/api/v1/people?limit=2&group=it-desk", headers=ada)).json()
    rest = await client.get(f"/api/v1/people?limit=2&group=it-desk&after={page['after']}", headers=ada)
    names = [card["user_name"] for card in page["items"] + rest.json()["items"]]
    assert names == ["ada", "bob", "robot"]
    assert kind(await client.get("/api/v1/people?after=%00", headers=ada)) == (422, "invalid-input")
    assert kind(await client.get("/api/v1/people?words=%00", headers=ada)) == (422, "invalid-input")
    assert kind(await client.get("/api/v1/people?limit=201", headers=ada)) == (422, "invalid-input")
    keys = [group["key"] for group in (await client.get("/api/v1/groups", headers=ada)).json()["items"]]
    assert keys[:2] == ["choir", "hr-team"]


async def test_a_process_owner_keeps_the_groups_of_the_function_only(
    client: httpx2.AsyncClient, engine: AsyncEngine
) -> None:
    cleo, dan = {**await as_person(engine, "cleo"), "If-Match": "*"}, await id_of(engine, "dan")
    assert (await client.put(f"/api/v1/groups/hr-team/members/{dan}", headers=cleo)).status_code == 204
    members = (await client.get("/api/v1/groups/hr-team", headers=cleo)).json()["members"]
    assert [member["user_name"] for member in members] == ["dan"]
    assert (await client.delete(f"/api/v1/groups/hr-team/members/{dan}", headers=cleo)).status_code == 204
    for path in (f"it-desk/members/{dan}", f"choir/members/{dan}"):
        assert kind(await client.put(f"/api/v1/groups/{path}", headers=cleo)) == (403, "not-allowed")
    moved = await client.patch("/api/v1/groups/hr-team", headers=cleo, json={"function": "it"})
    assert kind(moved) == (403, "not-allowed")
    assert (
        await client.post(
            "/api/v1/groups", headers=cleo, json={"key": "hr-2", "label": "H", "function": "hr"}
        )
    ).is_success


async def test_delegations_and_absences_by_the_api(client: httpx2.AsyncClient, engine: AsyncEngine) -> None:
    ada_id, bob_id = await id_of(engine, "ada"), await id_of(engine, "bob")
    ada, mia, bob = [await as_person(engine, name) for name in ("ada", "mia", "bob")]
    now = datetime.now(UTC)
    span = {"begins_at": now.isoformat(), "ends_at": (now + timedelta(days=2)).isoformat()}
    new = {"delegator": ada_id, "delegate": bob_id, **span}
    assert kind(await client.post("/api/v1/delegations", headers=mia, json=new)) == (403, "not-allowed")
    away = await client.post(f"/api/v1/people/{ada_id}/absences", headers=ada, json=span)
    assert away.status_code == 201
    made = await client.post("/api/v1/delegations", headers=mia, json=new)
    assert made.status_code == 201
    assert (await client.get("/api/v1/me", headers=bob)).json()["stands_for"][0]["delegator"] == ada_id
    assert len((await client.get(f"/api/v1/delegations?person={ada_id}", headers=mia)).json()) == 1
    ended = await client.delete(f"/api/v1/delegations/{made.json()['id']}", headers=bob)
    assert ended.json()["ended_at"]
    assert (await client.get("/api/v1/me", headers=bob)).json()["stands_for"] == []
    path = f"/api/v1/people/{ada_id}/absences"
    assert (await client.delete(f"{path}/{away.json()['id']}", headers=ada)).status_code == 204
    assert (await client.get(path, headers=ada)).json() == []


async def test_tokens_are_made_by_their_person_and_never_grow(
    client: httpx2.AsyncClient, engine: AsyncEngine
) -> None:
    ada, root = await as_person(engine, "ada"), await as_person(engine, "root")
    small = {"label": "small", "scopes": ["read", "directory"]}
    issued = await client.post("/api/v1/tokens", headers=ada, json=small)
    assert issued.status_code == 201
    secret, token_id = issued.json()["token"], issued.json()["details"]["id"]
    listed = await client.get("/api/v1/tokens", headers=ada)
    assert token_id in [token["id"] for token in listed.json()]
    assert secret not in listed.text
    narrow = {"Authorization": f"Bearer {secret}"}
    grown = await client.post("/api/v1/tokens", headers=narrow, json={"label": "x", "scopes": ["order"]})
    assert kind(grown) == (403, "not-allowed")
    robot = {"label": "bot", "scopes": ["order", "act-for"], "person": await id_of(engine, "robot")}
    assert kind(await client.post("/api/v1/tokens", headers=ada, json=robot)) == (403, "not-allowed")
    assert (await client.post("/api/v1/tokens", headers=root, json=robot)).status_code == 201
    foreign = {**small, "person": await id_of(engine, "ada")}
    assert kind(await client.post("/api/v1/tokens", headers=root, json=foreign)) == (403, "not-allowed")
    bob = await as_person(engine, "bob")
    assert kind(await client.delete(f"/api/v1/tokens/{token_id}", headers=bob)) == (404, "unknown-record")
    assert (await client.delete(f"/api/v1/tokens/{token_id}", headers=ada)).status_code == 204
    assert kind(await client.get("/api/v1/me", headers=narrow)) == (401, "not-signed-in")


async def test_a_service_account_gives_itself_no_right_to_act_for_others(
    client: httpx2.AsyncClient, engine: AsyncEngine
) -> None:
    wanted = {"label": "more", "scopes": ["act-for"]}
    robot = await as_person(engine, "robot")
    assert kind(await client.post("/api/v1/tokens", headers=robot, json=wanted)) == (403, "not-allowed")


async def test_signing_in_with_a_password_and_changing_it(
    client: httpx2.AsyncClient, engine: AsyncEngine
) -> None:
    async with engine.begin() as connection:
        await set_password(connection, await id_of(engine, "bob"), PASSWORD, datetime.now(UTC))

    async def sign_in(password: str) -> httpx2.Response:
        return await client.post("/api/v1/sessions", json={"user_name": "Bob", "password": password})

    assert kind(await sign_in("wrong")) == (401, "not-signed-in")
    opened = await sign_in(PASSWORD)
    assert opened.status_code == 201
    headers = {"Authorization": f"Bearer {opened.json()['token']}"}
    change = {"old": PASSWORD, "new": "another horse battery"}
    assert (await client.put("/api/v1/me/password", headers=headers, json=change)).status_code == 204
    assert kind(await sign_in(PASSWORD)) == (401, "not-signed-in")
    assert (await sign_in("another horse battery")).status_code == 201
    short = await client.put("/api/v1/me/password", headers=headers, json={"old": PASSWORD, "new": "short"})
    assert short.json()["problems"][0]["pointer"] == "/new"
    assert "short" not in short.text.replace("too_short", "")


async def test_an_import_by_the_api_tells_every_fault(
    client: httpx2.AsyncClient, engine: AsyncEngine
) -> None:
    root = await as_person(engine, "root")
    document = {"people": [{"user_name": "fay", "name": "Fay", "manager": "noone", "groups": ["choir"]}]}
    response = await client.post("/api/v1/directory/import", headers=root, json=document)
    assert response.json()["problems"][0]["pointer"] == "/people/0/manager"
    document["people"][0]["manager"] = "ada"
    for query, unchanged in (("?dry_run=true", 0), ("", 0), ("", 1)):
        response = await client.post(f"/api/v1/directory/import{query}", headers=root, json=document)
        assert response.json()["unchanged"] == unchanged


async def test_the_description_is_complete(client: httpx2.AsyncClient) -> None:
    described = (await client.get("/api/v1/openapi.json")).json()
    assert "/api/v1/people/{person_id}" in described["paths"]
    assert described["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
