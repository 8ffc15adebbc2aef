"""A request's own account of what happened, told by its timeline in the words of the log."""

from collections.abc import Iterable
from typing import Any

from bench.real_requests.case import MISSING, Act
from bench.real_requests.desk import Desk
from bench.real_requests.house import Cast

_STEPS = {"request-payment": Act.PAYMENT_REQUESTED, "payment-handled": Act.PAYMENT_HANDLED}
_BY_REQUESTER = {
    "request.opened": Act.SUBMITTED,
    "line.changed": Act.SUBMITTED,
    "commented": Act.REJECTED,
    "line.recalled": Act.REJECTED,
    "request.cancelled": Act.REJECTED,
}


async def account_of(desk: Desk, cast: Cast, number: str, reader: str) -> list[str]:
    """The words of each event that the record keeps, in its order."""
    entries: list[dict[str, Any]] = []
    after: str | None = "0"
    while after is not None:
        page = await desk.read(reader, f"requests/{number}/timeline", after=after)
        entries += [entry for entry in page["items"] if entry["kind"] == "event"]
        after = page["after"]
    return words_of(entries, cast)


def words_of(entries: Iterable[dict[str, Any]], cast: Cast) -> list[str]:
    """Votes as decisions of the voter's role; the one that let the fulfilment begin is the final approval."""
    told: list[str] = []
    steps: dict[str, str] = {}
    for entry in entries:
        event, subject, facts = entry["event"], entry["subject"], entry["facts"]
        role = cast.role_of((entry["author"] or {}).get("user_name"))
        if act := _BY_REQUESTER.get(event):
            told.append(f"{act} by {role}")
        elif event == "line.given-back":
            told.append(f"{Act.REJECTED} by {MISSING}")
        elif event == "gate.voted":
            told.append(f"{facts['decision'].upper()} by {role}")
        elif event == "fulfilment.begun":
            told[-1] = f"FINAL_{told[-1]}"
        elif event == "task.opened" and facts["purpose"] == "step":
            steps[subject] = facts["step"]
        elif event == "task.closed" and facts["state"] == "closed_complete" and subject in steps:
            told.append(_STEPS[steps[subject]].value)
    return told
