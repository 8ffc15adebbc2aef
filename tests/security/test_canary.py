"""No word, form value, file or secret leaves the tables made for them: not into histories, logs or metrics."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from temporalio.client import Client

from steadydesk.orchestration.client import connect
from steadydesk.records.tables import metadata
from tests.support.canary_processes import IBAN, RITA, SENSITIVE, play, until
from tests.support.security_desk import CANARY, SECRETS, Desk, origin_of

WORDS = (CANARY, SENSITIVE, IBAN, *SECRETS.values())
_FOR_WORDS = {"text_body", "attachment"}


@pytest.fixture(scope="module")
async def played(desk: Desk) -> list[str]:
    """Whole processes with a canary in everything that somebody can write."""
    return await play(desk)


async def temporal_of(desk: Desk) -> Client:
    return await connect(desk.stack.addresses.temporal_address, desk.stack.settings.namespace)


def hits(content: str | bytes) -> list[str]:
    """The canaries in it, however it is spelt."""
    folded = (content if isinstance(content, str) else content.decode("utf-8", "replace")).lower()
    return [canary for canary in WORDS if canary.lower() in folded]


async def test_histories_search_attributes_and_memos(desk: Desk, played: list[str]) -> None:
    client = await temporal_of(desk)
    seen = 0
    async for found in client.list_workflows():
        handle = client.get_workflow_handle(found.id, run_id=found.run_id)
        history = await handle.fetch_history()
        assert hits(found.raw_info.SerializeToString()) == [], found.id
        described = await handle.describe()
        assert hits(described.raw_description.SerializeToString()) == [], found.id
        for event in history.events:
            assert hits(event.SerializeToString()) == [], (found.id, event.event_id, event.event_type)
            assert all(hits(payload.data) == [] for payload in _payloads(event)), found.id
        seen += 1
    assert seen > len(played)


def _payloads(event: Any) -> list[Any]:
    """Payloads anywhere in a protobuf message."""
    found: list[Any] = []
    if event.DESCRIPTOR.full_name == "temporal.api.common.v1.Payload":
        return [event]
    for descriptor, value in event.ListFields():
        if descriptor.message_type is None:
            continue
        entries = value.values() if hasattr(value, "values") else [value]
        for entry in entries if not isinstance(value, list) else value:
            found += _payloads(entry) if hasattr(entry, "ListFields") else []
    return found


async def test_logs(desk: Desk, played: list[str]) -> None:
    assert played
    logs = sorted((desk.stack.settings.state_dir / "logs").iterdir())
    assert {"api.log", "worker.log", "temporal.log", "postgres.log"} <= {log.name for log in logs}
    for log in logs:
        assert hits(log.read_bytes()) == [], log.name


async def test_metrics(desk: Desk, played: list[str]) -> None:
    assert played
    worker = f"http://127.0.0.1:{desk.stack.settings.worker_metrics_port}/metrics"
    async with httpx2.AsyncClient() as client:
        for address in (f"{origin_of(desk.stack)}/metrics", worker):
            response = await client.get(address)
            assert response.status_code == 200, address
            assert "# HELP" in response.text
            assert hits(response.text) == [], address


async def test_tables(desk: Desk, played: list[str]) -> None:
    """Words stand in two tables, so that a person can be erased; audit and outbox refer to them."""
    assert played
    engine = create_async_engine(desk.stack.addresses.database_owner_url)
    async with engine.connect() as connection:
        for table in metadata.sorted_tables:
            rows = await connection.scalars(text(f'SELECT t::text FROM "{table.name}" t'))
            found = [row for row in rows if hits(row)]
            assert bool(found) == (table.name in _FOR_WORDS), (table.name, found[:1])
    await engine.dispose()


async def test_mails_and_lists_have_nothing_that_is_sensitive(desk: Desk, played: list[str]) -> None:
    async def sent() -> bool:
        return any(CANARY in mail for mail in desk.outside.mails)

    await until(sent)
    for mail in desk.outside.mails:
        assert not {SENSITIVE, IBAN, *SECRETS.values()} & set(hits(mail))
    for number in played:
        view = await desk.call(RITA, "GET", f"/requests/{number}")
        timeline = await desk.call(RITA, "GET", f"/requests/{number}/timeline")
        assert CANARY in str(view) + str(timeline)
        assert not {SENSITIVE, IBAN} & set(hits(str(view) + str(timeline)))
