"""Whole processes over a running stack, with words that can be recognised in everything that somebody writes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.security_desk import CANARY, Desk

RITA = "rita.requester"
SENSITIVE = f"{CANARY}-sensitive"
IBAN = "DE02KANARIENVOGEL00000"


def word(what: str) -> str:
    return f"{CANARY} {what}"


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 25) -> Any:
    async with asyncio.timeout(seconds):
        while not (found := await look()):
            await asyncio.sleep(0.1)
    return found


async def play(desk: Desk) -> list[str]:
    """All of them at once; their numbers."""
    stories = (expense, conversation, machine, joiner, cancelled, refused)
    return list(await asyncio.gather(*(story(desk) for story in stories)))


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
    suggestion = {"kind": "suggestion", "text": word("suggestion")}
    await desk.call(RITA, "POST", f"/records/{number}/feedback", suggestion)
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
    heard = await desk.call("helga.hrlead", "GET", "/feedback?kind=complaint")
    assert word("complaint") in [one["text"] for one in heard["items"]]
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
        "first_day": "2031-02-03",
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
        for query in ("", f"?{CANARY}=1"):
            address = f"/api/v1{path}{query}"
            response = await desk.client.post(address, json=body, headers=desk.headers(RITA))
            assert 400 <= response.status_code < 500, response.text
    return number
