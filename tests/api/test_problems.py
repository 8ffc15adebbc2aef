import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from api.problems import pointer_of, refusals
from api.security import public
from steadydesk.errors import (
    AlreadyVoted,
    InvalidInput,
    NotAllowed,
    NotEligible,
    Problem,
    Refusal,
    StaleVersion,
    all_refusals,
    refusal_named,
)
from steadydesk.records.engine import make_engine
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.api import LIMIT, client_of, directory_app
from tests.support.directory import database_of

router = APIRouter(dependencies=[Depends(public)])
SECRET = "what somebody wrote"


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    quantity: int = Field(ge=1)


class Basket(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lines: dict[str, list[Line]]


class Faults:
    """What the probe raises."""

    present: BaseException = RuntimeError()


@router.post("/probe/basket")
async def basket(wanted: Basket, page: int = 1) -> int:
    return len(wanted.lines) + page


@router.get("/probe/fault")
async def fault() -> None:
    raise Faults.present


@pytest.fixture(scope="module")
async def engine(postgres: EmbeddedPostgres) -> AsyncIterator[AsyncEngine]:
    async with database_of(postgres, __name__) as made:
        yield made


@pytest.fixture
async def client(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(directory_app(engine, tmp_path, router)) as opened:
        yield opened


async def answer_to(client: httpx2.AsyncClient, error: BaseException) -> tuple[int, dict[str, Any]]:
    Faults.present = error
    response = await client.get("/api/v1/probe/fault")
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()


def update_failed(cause: ApplicationError) -> WorkflowUpdateFailedError:
    return WorkflowUpdateFailedError(cause)


@pytest.mark.parametrize("kind", all_refusals(), ids=lambda kind: kind.type)
async def test_every_refusal_has_its_answer_and_its_page(
    client: httpx2.AsyncClient, kind: type[Refusal]
) -> None:
    status, body = await answer_to(client, kind("No.", pointer="/x", details={"limit": 3}))
    assert status == body["status"] == kind.status
    assert body["detail"] == "No."
    assert (body["pointer"], body["limit"]) == ("/x", 3)
    page = (await client.get(body["type"])).json()
    assert page["title"] == body["title"]
    assert len(page["explanation"]) > 30
    assert refusal_named(kind.type) is kind


async def test_a_refusal_of_a_workflow_comes_back_by_its_type_not_its_text(
    client: httpx2.AsyncClient,
) -> None:
    said = InvalidInput("Two faults.", problems=[Problem("/a", "is wrong"), Problem("/b", "is missing")])
    cause = ApplicationError(said.message, said.facts(), type=said.type, non_retryable=True)
    status, body = await answer_to(client, update_failed(cause))
    assert (status, body["type"]) == (422, "/problems/invalid-input")
    assert [problem["pointer"] for problem in body["problems"]] == ["/a", "/b"]
    status, body = await answer_to(client, update_failed(ApplicationError("NotAllowed", type="AlreadyVoted")))
    assert (status, body["type"]) == (409, "/problems/already-voted")
    status, body = await answer_to(client, update_failed(ApplicationError("AlreadyVoted", type="Strange")))
    assert (status, body["type"]) == (500, "/problems/internal-error")


def test_facts_survive_json() -> None:
    first = StaleVersion(
        "Old.", pointer="/v", problems=[Problem("/v", "old", "header")], details={"version": 3}
    )
    again = StaleVersion.restored(first.message, json.loads(json.dumps(first.facts())))
    assert again.facts() == first.facts()
    assert AlreadyVoted.restored("x", {}).facts() == AlreadyVoted("x").facts()
    assert refusal_named("RuntimeError") is None
    assert refusal_named("Refusal") is None
    assert issubclass(NotEligible, NotAllowed)


@pytest.mark.parametrize(
    ("body", "query", "problems"),
    [
        ({"lines": {"a/b~": [{"quantity": 0}]}}, "", [("/lines/a~1b~0/0/quantity", "body")]),
        ({"lines": {}, "more": 1}, "?page=x", [("/page", "query"), ("/more", "body")]),
        ({}, "", [("/lines", "body")]),
        ([], "", [("", "body")]),
    ],
)
async def test_wrong_input_is_listed_with_json_pointers(
    client: httpx2.AsyncClient, body: Any, query: str, problems: list[tuple[str, str]]
) -> None:
    response = await client.post(f"/api/v1/probe/basket{query}", json=body)
    assert response.status_code == 422
    found = [(problem["pointer"], problem["where"]) for problem in response.json()["problems"]]
    assert found == problems


@pytest.mark.parametrize("content", [b'{"lines": ', b"\xff\xfe", b"", b"[" * 5000])
async def test_what_is_no_json_is_told_so(client: httpx2.AsyncClient, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = await client.post("/api/v1/probe/basket", content=content, headers=headers)
    assert response.status_code == 422
    assert response.json()["type"] == "/problems/invalid-input"


async def test_unknown_paths_and_methods(client: httpx2.AsyncClient) -> None:
    response = await client.get("/api/v1/nothing")
    assert (response.status_code, response.json()["type"]) == (404, "/problems/unknown-address")
    response = await client.put("/api/v1/probe/basket")
    assert (response.status_code, response.json()["type"]) == (405, "/problems/method-not-allowed")
    assert response.headers["allow"] == "POST"
    response = await client.get("/problems/nothing")
    assert (response.status_code, response.json()["type"]) == (404, "/problems/unknown-record")


async def test_a_body_over_the_limit_is_refused_declared_or_not(client: httpx2.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(LIMIT // 1000 + 1):
            yield b" " * 1000

    for content in (b" " * (LIMIT + 1), parts()):
        response = await client.post("/api/v1/probe/basket", content=content, headers=headers)
        assert (response.status_code, response.json()["type"]) == (413, "/problems/too-large")
    fits = json.dumps({"lines": {}}).encode().ljust(LIMIT)
    assert (await client.post("/api/v1/probe/basket", content=fits, headers=headers)).json() == 1


async def test_a_fault_of_ours_has_an_id_that_the_log_names_without_its_words(
    client: httpx2.AsyncClient,
) -> None:
    with structlog.testing.capture_logs() as logs:
        status, body = await answer_to(client, ValueError(SECRET))
    assert (status, body["type"]) == (500, "/problems/internal-error")
    (entry,) = logs
    assert entry["incident"] == body["incident"]
    assert entry["kind"] == "builtins.ValueError"
    assert any("test_problems" in frame for frame in entry["where"])
    assert SECRET not in str(logs) + str(body)


async def test_a_value_that_cannot_be_stored_is_the_callers_fault(engine: AsyncEngine, client: Any) -> None:
    async with engine.connect() as connection:
        for statement, value in (("SELECT CAST(:v AS text)", "a\0b"), ("SELECT CAST(:v AS integer)", 2**40)):
            with pytest.raises(Exception, match=r".") as caught:
                await connection.execute(text(statement), {"v": value})
            await connection.rollback()
            status, body = await answer_to(client, caught.value)
            assert (status, body["type"]) == (422, "/problems/invalid-input"), statement


async def test_a_database_that_is_away_is_unavailable_not_an_error(client: httpx2.AsyncClient) -> None:
    away = make_engine("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(OSError, match=r".") as caught:
        async with away.connect():
            pass
    await away.dispose()
    for error in (caught.value, TimeoutError()):
        status, body = await answer_to(client, error)
        assert (status, body["type"], body["retry_after"]) == (503, "/problems/unavailable", 2)


async def test_a_terminated_connection_is_unavailable(
    engine: AsyncEngine, client: httpx2.AsyncClient, postgres: EmbeddedPostgres
) -> None:
    owner = make_engine(postgres.url())
    async with engine.connect() as connection, owner.connect() as killer:
        victim = await connection.scalar(text("SELECT pg_backend_pid()"))
        await killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": victim})
        with pytest.raises(Exception, match=r".") as caught:
            await connection.execute(text("SELECT 1"))
        await connection.invalidate()
    await owner.dispose()
    status, body = await answer_to(client, caught.value)
    assert (status, body["type"]) == (503, "/problems/unavailable")


def test_routes_document_what_they_refuse() -> None:
    described = refusals(NotAllowed, NotEligible, StaleVersion)
    assert set(described) == {403, 412}
    assert "/problems/not-eligible" in described[403]["description"]
    assert "/problems/not-allowed" in described[403]["description"]
    assert pointer_of(["a", 0, "b/c~d"]) == "/a/0/b~1c~0d"
