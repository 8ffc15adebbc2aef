from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from api.security import Caller, Orderer, Reader, check_routes, permission_of, public, requires
from steadydesk.contracts.identity import EVERY_OWN_SCOPE, Scope
from steadydesk.policies.rights import Permission
from tests.support.api import as_person, client_of, directory_app, id_of, token_of

router = APIRouter()


def _seen(caller: Caller) -> dict[str, Any]:
    return {
        "person": caller.person.user_name,
        "whose": caller.standing.person.user_name,
        "acting_for": caller.acting_for,
        "method": caller.method,
        "stands_for": len(caller.standing.stands_for),
    }


@router.get("/probe/read")
async def probe_read(caller: Reader) -> dict[str, Any]:
    return _seen(caller)


@router.post("/probe/order")
async def probe_order(caller: Orderer) -> dict[str, Any]:
    return _seen(caller)


@router.post("/probe/decide")
async def probe_decide(caller: Annotated[Caller, Depends(requires(Permission.DECIDE))]) -> dict[str, Any]:
    return _seen(caller)


@pytest.fixture
async def client(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(directory_app(engine, tmp_path, router)) as opened:
        yield opened


def refused(response: httpx2.Response, status: int, kind: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["type"] == f"/problems/{kind}"
    return body


async def test_a_token_gives_the_caller(client: httpx2.AsyncClient, engine: AsyncEngine) -> None:
    response = await client.get("/api/v1/probe/read", headers=await as_person(engine, "ada"))
    assert response.json() == {
        "person": "ada",
        "whose": "ada",
        "acting_for": None,
        "method": "token",
        "stands_for": 0,
    }


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer sdk_wrong", "Bearer a.b.c", "Basic YTpi", "sdk_wrong", "Bearer \xff"]
)
async def test_without_a_valid_token_nobody_is_anybody(
    client: httpx2.AsyncClient, header: str | None
) -> None:
    headers = [(b"Authorization", header.encode("latin-1"))] if header else []
    response = await client.get("/api/v1/probe/read", headers=headers)
    refused(response, 401, "not-signed-in")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_scope_limits_a_token(client: httpx2.AsyncClient, engine: AsyncEngine) -> None:
    headers = {"Authorization": f"Bearer {await token_of(engine, 'ada', frozenset({Scope.READ}))}"}
    assert (await client.get("/api/v1/probe/read", headers=headers)).status_code == 200
    body = refused(await client.post("/api/v1/probe/order", headers=headers), 403, "not-allowed")
    assert body["scope"] == "order"


async def test_a_service_account_acts_for_a_person_with_that_persons_rights(
    client: httpx2.AsyncClient, engine: AsyncEngine
) -> None:
    robot = await token_of(engine, "robot", EVERY_OWN_SCOPE | {Scope.ACT_FOR})
    for name in ("ada", await id_of(engine, "ada")):
        headers = {"Authorization": f"Bearer {robot}", "X-Act-For": name}
        seen = (await client.post("/api/v1/probe/order", headers=headers)).json()
        assert (seen["person"], seen["whose"]) == ("robot", "ada")
        assert seen["acting_for"] == await id_of(engine, "ada")


async def test_acting_for_somebody_has_its_limits(client: httpx2.AsyncClient, engine: AsyncEngine) -> None:
    robot = {"Authorization": f"Bearer {await token_of(engine, 'robot', EVERY_OWN_SCOPE | {Scope.ACT_FOR})}"}
    for unknown in ("nobody", "robot", "p_nobodyatall2"):
        response = await client.get("/api/v1/probe/read", headers={**robot, "X-Act-For": unknown})
        refused(response, 404, "unknown-record")
    response = await client.post("/api/v1/probe/decide", headers={**robot, "X-Act-For": "ada"})
    refused(response, 403, "service-account-vote")
    response = await client.post("/api/v1/people", headers={**robot, "X-Act-For": "root"}, json={})
    refused(response, 403, "not-allowed")
    ada = {**await as_person(engine, "ada"), "X-Act-For": "bob"}
    assert (
        refused(await client.get("/api/v1/probe/read", headers=ada), 403, "not-allowed")["scope"] == "act-for"
    )


async def test_a_service_account_does_not_decide(client: httpx2.AsyncClient, engine: AsyncEngine) -> None:
    response = await client.post("/api/v1/probe/decide", headers=await as_person(engine, "robot"))
    refused(response, 403, "service-account-vote")
    assert (
        await client.post("/api/v1/probe/decide", headers=await as_person(engine, "ada"))
    ).status_code == 200


async def test_an_ended_token_is_refused_at_once(client: httpx2.AsyncClient, engine: AsyncEngine) -> None:
    headers = await as_person(engine, "dan")
    assert (await client.get("/api/v1/probe/read", headers=headers)).status_code == 200
    assert (await client.get("/api/v1/me", headers=headers)).json()["person"]["user_name"] == "dan"
    assert (await client.delete("/api/v1/sessions/current", headers=headers)).status_code == 204
    refused(await client.get("/api/v1/probe/read", headers=headers), 401, "not-signed-in")


async def test_quotas_are_per_token_and_person_and_leave_others_alone(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    async with client_of(directory_app(engine, tmp_path, router, quota_per_minute=20)) as client:
        first, second = await as_person(engine, "ada"), await as_person(engine, "ada")
        other = await as_person(engine, "bob")
        answers = [(await client.get("/api/v1/probe/read", headers=first)).status_code for _ in range(15)]
        assert answers == [200] * 10 + [429] * 5
        response = await client.get("/api/v1/probe/read", headers=first)
        assert (
            int(response.headers["retry-after"])
            == refused(response, 429, "quota-exceeded")["retry_after"]
            == 3
        )
        # The same person with another token has used up their own quota too.
        refused(await client.get("/api/v1/probe/read", headers=second), 429, "quota-exceeded")
        assert (await client.get("/api/v1/probe/read", headers=other)).status_code == 200


async def test_wrong_tokens_from_an_address_do_not_stop_a_known_one(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    async with client_of(directory_app(engine, tmp_path, router)) as client:
        known, late = await as_person(engine, "ada"), await as_person(engine, "bob")
        assert (await client.get("/api/v1/probe/read", headers=known)).status_code == 200
        for attempt in range(30):
            wrong = {"Authorization": f"Bearer sdk_{attempt}"}
            refused(await client.get("/api/v1/probe/read", headers=wrong), 401, "not-signed-in")
        refused(await client.get("/api/v1/probe/read", headers=late), 429, "quota-exceeded")
        assert (await client.get("/api/v1/probe/read", headers=known)).status_code == 200


async def test_a_flood_is_refused_without_asking_the_database(engine: AsyncEngine, tmp_path: Path) -> None:
    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    async with client_of(directory_app(engine, tmp_path, router, quota_per_minute=20)) as client:
        flood = await as_person(engine, "ada")
        event.listen(engine.sync_engine, "before_cursor_execute", count)
        allowed = [(await client.get("/api/v1/probe/read", headers=flood)).status_code for _ in range(10)]
        asked = len(statements)
        refusals = [(await client.get("/api/v1/probe/read", headers=flood)).status_code for _ in range(50)]
        event.remove(engine.sync_engine, "before_cursor_execute", count)
    assert set(allowed) == {200}
    assert asked >= 10
    assert set(refusals) == {429}
    assert len(statements) == asked


def test_a_route_without_a_permission_does_not_start() -> None:
    app, inner = FastAPI(docs_url=None, redoc_url=None), APIRouter()

    @inner.get("/bare")
    async def bare() -> None: ...

    @inner.get("/open", dependencies=[Depends(public)])
    async def opened() -> None: ...

    @inner.get("/shut")
    async def shut(caller: Annotated[Caller, Depends(requires(Permission.OPERATE))]) -> None: ...

    app.include_router(inner, prefix="/x")
    with pytest.raises(RuntimeError, match=r"GET /x/bare$"):
        check_routes(app)
    check_routes(app, frozenset({"/x/bare"}))
    wide = FastAPI(docs_url=None, redoc_url=None, dependencies=[Depends(public)])
    wide.include_router(inner)
    check_routes(wide)
    app.mount("/files", FastAPI())
    with pytest.raises(RuntimeError, match="/files"):
        check_routes(app, frozenset({"/x/bare"}))


def test_the_demand_of_a_route_can_be_read() -> None:
    routes = [route for route in router.routes if isinstance(route, APIRoute)]
    assert {route.path: permission_of(route.dependant) for route in routes} == {
        "/probe/read": Permission.READ,
        "/probe/order": Permission.ORDER,
        "/probe/decide": Permission.DECIDE,
    }
