"""No word, form value, file or secret leaves the tables made for them: not into histories, logs or metrics."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from temporalio.client import Client

from steadydesk.orchestration.client import connect
from steadydesk.records.tables import metadata
from tests.support.security_desk import CANARY, SECRETS, Desk, origin_of

RITA = "rita.requester"
SENSITIVE = f"{CANARY}-sensitive"
IBAN = "DE02KANARIENVOGEL00000"
WORDS = (CANARY, SENSITIVE, IBAN, *SECRETS.values())
_FOR_WORDS = {"text_body", "attachment"}


def word(what: str) -> str:
    return f"{CANARY} {what}"


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 25) -> Any:
    async with asyncio.timeout(seconds):
        while not (found := await look()):
            await asyncio.sleep(0.1)
    return found


@pytest.fixture(scope="module")
async def played(desk: Desk) -> list[str]:
    """Whole processes with a canary in everything that somebody can write."""
    return list(
        await asyncio.gather(
            expense(desk), conversation(desk), machine(desk), joiner(desk), cancelled(desk), refused(desk)
        )
    )


async def order(desk: Desk, who: str, item: str, variables: dict[str, Any]) -> str:
    body = {"items": [{"item": item, "variables": variables}], "note": word("note")}
    return (await desk.call(who, "POST", "/requests", body))["number"]


async def tasks(desk: Desk, number: str) -> list[dict[str, Any]]:
    view = await desk.call(RITA, "GET", f"/requests/{number}")
    return [task for task in view["tasks"] if task["open"]]


async def decide(desk: Desk, who: str, number: str, decision: str = "approved") -> None:
    async def asked() -> str | None:
        inbox = await desk.call(who, "GET", "/approvals?state=requested")
        return next((gate["id"] for gate in inbox["items"] if gate["number"] == number), None)

    gate = await until(asked)
    body = {"decision": decision, "comment": word(f"comment on {decision}")}
    await desk.call(who, "POST", f"/approvals/{gate}/decision", body)


async def closed(desk: Desk, number: str) -> None:
    async def look() -> bool:
        return not (await desk.call(RITA, "GET", f"/requests/{number}"))["open"]

    await until(look)


async def expense(desk: Desk) -> str:
    """Asked, answered, approved, worked on with questions, files, notes; then done."""
    variables = {
        "purpose": word("purpose"),
        "amount": 31415.92,
        "spent_on": "2026-11-12",
        "ask_budget_owner": False,
        "iban": IBAN,
    }
    number = await order(desk, RITA, "expense-payment", variables)
    await decide(desk, "felix.finance", number, "ask")
    await desk.call(RITA, "POST", f"/requests/{number}/comments", {"text": word("answer")})
    for who in ("felix.finance", "mona.manager", "dora.director"):
        await decide(desk, who, number)
    files = {"file": (f"{CANARY}.txt", word("content").encode())}
    sent = await desk.client.post(
        f"/api/v1/requests/{number}/attachments", files=files, headers=desk.headers(RITA)
    )
    assert sent.status_code == 201, sent.text
    (task,) = await until(lambda: tasks(desk, number))
    path = f"/tasks/{task['number']}"
    assert (await desk.call("felix.finance", "GET", path))["sensitive"] == {"iban": IBAN}
    await desk.call("felix.finance", "POST", f"{path}/start", {"note": word("start")})
    await desk.call("felix.finance", "POST", f"{path}/ask", {"question": word("question")})
    await desk.call(RITA, "POST", f"/requests/{number}/comments", {"text": word("second answer")})
    await desk.call("felix.finance", "POST", f"{path}/complete", {"note": word("done")})
    (last,) = await until(lambda: tasks(desk, number))
    await desk.call("felix.finance", "POST", f"/tasks/{last['number']}/complete", {})
    await closed(desk, number)
    return number


async def conversation(desk: Desk) -> str:
    story = {"topic": "health", "story": SENSITIVE}
    number = await order(desk, RITA, "hr-conversation", story)
    feedback = {"kind": "complaint", "text": word("complaint")}
    await desk.call(RITA, "POST", f"/records/{number}/feedback", feedback)
    reason = {"reason": word("break-glass reason")}
    await desk.call("olga.operator", "POST", f"/records/{number}/break-glass", reason)
    note = {"text": word("work note"), "work_note": True}
    await desk.call("helga.hrlead", "POST", f"/requests/{number}/comments", note)
    (task,) = await tasks(desk, number)
    await desk.call(
        "helga.hrlead", "POST", f"/tasks/{task['number']}/complete", {"outputs": {"agreed": True}}
    )
    await closed(desk, number)
    return number


async def machine(desk: Desk) -> str:
    """Connectors with secrets, a remote that answers with words."""
    variables = {"name": f"{CANARY}-vm", "size": "small", "system": "debian", "monitored": True}
    number = await order(desk, RITA, "virtual-machine", variables)
    await decide(desk, "mona.manager", number)

    async def reached() -> bool:
        return any("/hooks/monitoring" in request for request in desk.outside.requests)

    await until(reached)
    return number


async def joiner(desk: Desk) -> str:
    variables = {
        "person": {"name": word("person")},
        "first_day": "2027-02-01",
        "supervisor": "mona.manager",
        "place": "home",
        "laptop": "light",
        "tax_number": SENSITIVE[:20],
    }
    number = await order(desk, RITA, "joiner", variables)
    await decide(desk, "helga.hrlead", number)
    await decide(desk, "david.director", number)
    (task,) = await until(lambda: tasks(desk, number))
    await desk.call("hanna.hr", "POST", f"/tasks/{task['number']}/complete", {"note": word("file")})

    async def has_child() -> Any:
        return [one for one in await tasks(desk, number) if one["assignment_group"] == "service-desk"]

    (account,) = await until(has_child)
    await desk.call("ingo.it", "POST", f"/tasks/{account['number']}/fail", {"note": word("failed")})
    return number


async def cancelled(desk: Desk) -> str:
    number = await order(desk, RITA, "new-laptop", {"model": "light", "holder": {"name": word("holder")}})
    await desk.call(RITA, "POST", f"/requests/{number}/cancel", {"reason": word("reason to cancel")})
    await closed(desk, number)
    return number


async def refused(desk: Desk) -> str:
    """Rejected, changed, resubmitted; and bodies that are refused, which errors might quote."""
    variables = {"purpose": word("first"), "amount": 99, "spent_on": "2026-11-12", "ask_budget_owner": False}
    number = await order(desk, RITA, "expense-payment", variables | {"iban": IBAN})
    await decide(desk, "felix.finance", number, "rejected")
    changed = {"variables": variables | {"purpose": word("second"), "iban": IBAN}, "comment": word("changed")}
    await desk.call(RITA, "POST", f"/requests/{number}/resubmit", changed)
    for path, body in (
        ("/requests", {"items": [{"item": CANARY, "variables": {CANARY: SENSITIVE}}]}),
        ("/requests", {CANARY: CANARY}),
        (f"/requests/{number}/resubmit", {"variables": {"purpose": word("x"), "iban": f"{CANARY}!"}}),
        (f"/requests/{number}/comments", {"text": f"{CANARY}\0"}),
        (f"/records/{CANARY}", None),
    ):
        response = await desk.client.post(f"/api/v1{path}?{CANARY}=1", json=body, headers=desk.headers(RITA))
        assert 400 <= response.status_code < 500, response.text
    return number


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
