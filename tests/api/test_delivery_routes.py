"""Notifications, preferences, subscriptions and dead letters by the API."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from temporalio.client import Client

from api.routes import deliveries, notifications, subscriptions
from steadydesk.contracts.events import EVENT_TYPES
from steadydesk.contracts.identity import EVERY_OWN_SCOPE
from steadydesk.orchestration.client import DATA_CONVERTER
from steadydesk.records import delivery
from steadydesk.records.tables.directory import role_holder
from tests.support.api import DirectoryServices, client_of, directory_app, token_of
from tests.support.delivery_scene import NOW, Scene

REQ = "REQ0000001"
HOOK = {"url": "http://127.0.0.1:9/hook", "events": ["request.*"]}
Signed = dict[str, str]


@dataclass(frozen=True)
class Services(DirectoryServices):
    """With a Temporal server that is away: a wake that fails must fail no answer."""

    temporal: Client | None = None


@pytest.fixture
async def client(scene: Scene, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    routers = (notifications.router, subscriptions.router, deliveries.router)
    app = directory_app(
        scene.engine,
        tmp_path,
        *routers,
        egress_allow=("127.0.0.1",),
        public_url="https://desk.example",
    )
    given = app.state.services
    temporal = await Client.connect("127.0.0.1:1", lazy=True, data_converter=DATA_CONVERTER)
    app.state.services = Services(given.engine, given.settings, temporal=temporal)
    async with client_of(app) as opened:
        yield opened


async def person(scene: Scene, user_name: str, *roles: str, **more: Any) -> tuple[str, Signed]:
    identity = await scene.person(user_name.title(), user_name=user_name, **more)
    for role in roles:
        await scene.add(role_holder, {"person": identity, "role": role, "function": "*"})
    token = await token_of(scene.engine, user_name, EVERY_OWN_SCOPE)
    return identity, {"Authorization": f"Bearer {token}"}


def refused(answer: httpx2.Response, status: int, kind: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["type"].endswith(kind)


async def test_the_list_runs_from_the_newest_and_is_read_once(
    scene: Scene, client: httpx2.AsyncClient
) -> None:
    anna, signed = await person(scene, "anna", language="de")
    await scene.record(REQ, [f"p:{anna}"])
    for place in range(5):
        await scene.post(REQ, [f"p:{anna}"], at=NOW + timedelta(minutes=place))
    await scene.fan_out(mail=False)
    first = (await client.get("/api/v1/notifications?limit=3", headers=signed)).json()
    second = (
        await client.get(f"/api/v1/notifications?limit=3&after={first['after']}", headers=signed)
    ).json()
    ids = [entry["id"] for page in (first, second) for entry in page["items"]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 5
    assert second["after"] is None
    assert first["items"][0]["label"] == "Bestellung eingegangen"
    assert first["items"][0]["title"] == "Notebook"
    assert first["items"][0]["link"] == "https://desk.example/records/REQ0000001"
    for _ in range(2):
        answer = await client.post(f"/api/v1/notifications/{ids[0]}/read", headers=signed)
        assert answer.status_code == 204
    unread = (await client.get("/api/v1/notifications?unread=true", headers=signed)).json()
    assert [entry["id"] for entry in unread["items"]] == ids[1:]


async def test_the_list_shows_what_its_reader_may_see_now_and_nobody_elses(
    scene: Scene, client: httpx2.AsyncClient
) -> None:
    anna, signed = await person(scene, "anna")
    _, other = await person(scene, "ben")
    await scene.record(REQ, [f"p:{anna}"])
    await scene.post(REQ, [f"p:{anna}"])
    await scene.post("d1", [f"p:{anna}"], "delegation.made")
    await scene.fan_out(mail=False)
    mine = (await client.get("/api/v1/notifications", headers=signed)).json()["items"]
    assert [entry["number"] for entry in mine] == ["d1", REQ]
    entry = mine[1]["id"]
    refused(await client.post(f"/api/v1/notifications/{entry}/read", headers=other), 404, "unknown-record")
    assert (await client.get("/api/v1/notifications", headers=other)).json()["items"] == []
    await scene.hide(REQ)
    left = (await client.get("/api/v1/notifications", headers=signed)).json()["items"]
    assert [entry["number"] for entry in left] == ["d1"]
    refused(await client.get("/api/v1/notifications?after=xx", headers=signed), 422, "invalid-input")


async def test_preferences_are_replaced_as_a_whole(scene: Scene, client: httpx2.AsyncClient) -> None:
    anna, signed = await person(scene, "anna")
    path = "/api/v1/notifications/preferences"
    assert (await client.get(path, headers=signed)).json() == {"preferences": []}
    chosen = {"preferences": [{"event": "*", "channel": "mail", "wanted": False}]}
    assert (await client.put(path, headers=signed, json=chosen)).json() == chosen
    assert (await client.get(path, headers=signed)).json() == chosen
    await scene.record(REQ, [f"p:{anna}"])
    await scene.post(REQ, [f"p:{anna}"])
    assert (await scene.fan_out()).targets == []
    for line in ({"event": "no.event"}, {"channel": "webhook"}, {"wanted": "maybe"}):
        wrong = {"preferences": [{"event": "*", "channel": "mail", "wanted": False} | line]}
        refused(await client.put(path, headers=signed, json=wrong), 422, "invalid-input")


async def test_the_catalogue_has_every_event_and_the_schemas_of_public_ones(
    scene: Scene, client: httpx2.AsyncClient
) -> None:
    _, signed = await person(scene, "anna")
    entries = {entry["key"]: entry for entry in (await client.get("/api/v1/events", headers=signed)).json()}
    assert entries.keys() == EVENT_TYPES.keys()
    assert entries["approval.requested"]["payload"]["properties"]["type"] == {"const": "approval.requested"}
    assert entries["break-glass.used"]["payload"] is None


async def test_a_subscription_shows_its_secret_once(scene: Scene, client: httpx2.AsyncClient) -> None:
    _, signed = await person(scene, "anna")
    _, other = await person(scene, "ben")
    made = (await client.post("/api/v1/subscriptions", headers=signed, json=HOOK)).json()
    assert made["secret"].startswith("whsec_")
    path = f"/api/v1/subscriptions/{made['id']}"
    read = await client.get(path, headers=signed)
    assert read.headers["etag"] == '"1"'
    assert read.json()["secret"] is None
    assert [
        each["secret"] for each in (await client.get("/api/v1/subscriptions", headers=signed)).json()
    ] == [None]
    refused(await client.get(path, headers=other), 404, "unknown-record")
    assert (await client.get("/api/v1/subscriptions", headers=other)).json() == []


async def test_a_subscription_is_edited_by_version(scene: Scene, client: httpx2.AsyncClient) -> None:
    _, signed = await person(scene, "anna")
    made = (await client.post("/api/v1/subscriptions", headers=signed, json=HOOK)).json()
    path = f"/api/v1/subscriptions/{made['id']}"
    refused(await client.patch(path, headers=signed, json={"label": "x"}), 428, "version-required")
    current = signed | {"If-Match": '"1"'}
    changed = await client.patch(path, headers=current, json={"label": "x", "active": False})
    assert (changed.json()["label"], changed.json()["active"]) == ("x", False)
    assert changed.json()["ended_at"] is not None
    refused(await client.patch(path, headers=current, json={"label": "y"}), 412, "stale-version")
    renewed = await client.post(f"{path}/rotate", headers=signed | {"If-Match": '"2"'})
    assert renewed.json()["secret"] not in (None, made["secret"])
    assert (await client.delete(path, headers=signed)).status_code == 204
    refused(await client.get(path, headers=signed), 404, "unknown-record")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"url": "http://10.1.2.3/hook"}, "/url"),
        ({"url": "ftp://127.0.0.1/hook"}, "/url"),
        ({"url": "http://user:pass@127.0.0.1/"}, "/url"),
        ({"url": "https://nowhere.invalid/"}, "/url"),
        ({"events": ["person.left"]}, "/events/0"),
        ({"events": []}, "/events"),
        ({"more": 1}, "/more"),
    ],
)
async def test_a_wrong_subscription_is_refused_with_its_place(
    scene: Scene, client: httpx2.AsyncClient, change: dict[str, Any], pointer: str
) -> None:
    _, signed = await person(scene, "anna")
    answer = await client.post("/api/v1/subscriptions", headers=signed, json=HOOK | change)
    refused(answer, 422, "invalid-input")
    assert [fault["pointer"] for fault in answer.json()["problems"]] == [pointer]


async def test_a_replay_queues_and_the_log_shows_it(scene: Scene, client: httpx2.AsyncClient) -> None:
    anna, signed = await person(scene, "anna")
    await scene.record(REQ, [f"p:{anna}"])
    await scene.post(REQ, [])
    await scene.fan_out()
    made = (await client.post("/api/v1/subscriptions", headers=signed, json=HOOK)).json()
    path = f"/api/v1/subscriptions/{made['id']}"
    assert (await client.get(f"{path}/deliveries", headers=signed)).json() == {"items": [], "after": None}
    replayed = await client.post(f"{path}/replay", headers=signed, json={"after": 0})
    position = replayed.json()["after"]
    assert (replayed.status_code, replayed.json()) == (202, {"queued": 1, "after": position, "more": False})
    assert position > 0
    (logged,) = (await client.get(f"{path}/deliveries", headers=signed)).json()["items"]
    assert (logged["event"], logged["state"], logged["attempts"]) == ("request.opened", "queued", 0)
    ended = await client.patch(
        path, headers=signed | {"If-Match": f'"{made["version"]}"'}, json={"active": False}
    )
    assert ended.status_code == 200
    refused(await client.post(f"{path}/replay", headers=signed, json={"after": 0}), 409, "conflict")


async def dead_letter(scene: Scene) -> str:
    anna = await scene.person()
    await scene.record(REQ, [f"p:{anna}"])
    await scene.post(REQ, [f"p:{anna}"])
    await scene.fan_out()
    async with scene.engine.begin() as connection:
        (identity,) = await delivery.due(connection, "mail", NOW, 10)
        await connection.execute(
            text("UPDATE delivery SET state = 'unconfirmed', attempts = 1, ended_at = next_at")
        )
    return identity


async def test_operators_see_dead_letters_and_send_them_again(
    scene: Scene, client: httpx2.AsyncClient
) -> None:
    _, operator = await person(scene, "olga", "operator")
    _, nobody = await person(scene, "anna")
    letter = await dead_letter(scene)
    refused(await client.get("/api/v1/deliveries/dead-letters", headers=nobody), 403, "not-allowed")
    page = (await client.get("/api/v1/deliveries/dead-letters?limit=1", headers=operator)).json()
    assert [(each["id"], each["state"]) for each in page["items"]] == [(letter, "unconfirmed")]
    rest = await client.get(f"/api/v1/deliveries/dead-letters?after={page['after']}", headers=operator)
    assert rest.json()["items"] == []
    path = f"/api/v1/deliveries/{letter}/retry"
    refused(await client.post(path, headers=nobody), 403, "not-allowed")
    again = await client.post(path, headers=operator)
    assert (again.status_code, again.json()["state"], again.json()["attempts"]) == (200, "queued", 0)
    refused(await client.post(path, headers=operator), 409, "conflict")
    unknown = f"/api/v1/deliveries/d_{'0' * 32}/retry"
    refused(await client.post(unknown, headers=operator), 404, "unknown-record")
    assert await scene.states() == [("queued", 0, None)]
