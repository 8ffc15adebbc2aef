"""Several approvals with one confirmation: of one policy, each shown, each its own command with its own outcome."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import Response

from api.portal.forms import Form, FormState, Posted, attempt
from api.portal.guard import pages
from api.portal.page import DeciderPage, Page
from api.portal.routes.approvals import PATH
from api.portal.typed_form import shows_again
from api.routes import approvals
from api.routes.approvals import NewDecision
from steadydesk.contracts.numbers import parse_typed
from steadydesk.errors import InvalidInput, Problem, Refusal, UnknownRecord
from steadydesk.policies.approval_bulk import NotInBulk, kept_from_bulk
from steadydesk.records.engine import autocommit
from steadydesk.records.views.approval_inbox import InboxEntry, approvals_named, bulk_items

router = pages()

MOST = 25
"""As many as the inbox shows at once."""


@dataclass(frozen=True)
class Outcome:
    """What became of one decision: taken, refused, or on its way (neither)."""

    entry: InboxEntry
    taken: bool
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Chosen:
    """``kept`` are decided one by one, with the reason."""

    together: list[InboxEntry]
    kept: list[tuple[InboxEntry, NotInBulk]]


# Before /approvals/{gate}, so that "bulk" is no gate.
@router.get(PATH + "/bulk")
async def confirm_bulk(
    page: DeciderPage,
    gate: Annotated[list[str], Query(max_length=MOST)] = [],  # noqa: B006 - FastAPI copies it
    decision: Literal["approved", "rejected"] = "approved",
) -> Response:
    """Each of them once more, before anything is decided."""
    return await _confirmation(page, gate, decision)


@router.post(PATH + "/bulk")
@shows_again
async def decide_bulk(page: DeciderPage, posted: Form) -> Response:
    """Sent again, the same keys give the same answers."""
    gates, decision = posted.all("gate")[:MOST], posted.text("decision")
    try:
        body = posted.into(NewDecision, ("decision", "comment"))
        _check(page, body)
    except Refusal as refusal:
        shown = "rejected" if decision == "rejected" else "approved"
        return await _confirmation(page, gates, shown, FormState("bulk", posted.values, refusal))
    chosen = await _chosen(page, gates)
    outcomes = [await _decide(page, posted, entry, body) for entry in chosen.together]
    return await page.show("approvals/bulk_done", outcomes=outcomes, kept=chosen.kept, decision=body.decision)


async def _confirmation(
    page: Page, gates: list[str], decision: str, failed: FormState | None = None
) -> Response:
    chosen = await _chosen(page, gates)
    currencies = {entry.currency for entry in chosen.together if entry.amount}
    return await page.show(
        "approvals/bulk",
        failed=failed,
        chosen=chosen,
        decision=decision,
        total=sum(entry.amount for entry in chosen.together) if len(currencies) == 1 else None,
        currency=next(iter(currencies), None),
    )


async def _chosen(page: Page, gates: list[str]) -> Chosen:
    """What the reader may see of it; what may not be decided together is told apart."""
    wanted = {gate for typed in gates if (gate := parse_typed(typed)) is not None}
    async with autocommit(page.services.engine).connect() as connection:
        found = await approvals_named(connection, page.viewer, wanted)
        kept = kept_from_bulk(await bulk_items(connection, found))
    return Chosen(
        together=[entry for entry in found if entry.id not in kept],
        kept=[(entry, kept[entry.id]) for entry in found if entry.id in kept],
    )


async def _decide(page: Page, posted: Posted, entry: InboxEntry, body: NewDecision) -> Outcome:
    """One command with a key of its own, made of the form's and the gate."""
    act = replace(page.act(posted), key=f"{posted.key}:{entry.id}" if posted.key else None, version=None)
    try:
        failed = await attempt("bulk", posted, approvals.decide(entry.id, body, act))
    except UnknownRecord as gone:
        return Outcome(entry, taken=False, refusal=gone)
    if failed is not None:
        return Outcome(entry, taken=False, refusal=failed.refusal)
    return Outcome(entry, taken=act.response.status_code != 202)


def _check(page: Page, body: NewDecision) -> None:
    if body.decision not in ("approved", "rejected"):
        raise InvalidInput("Only approvals and refusals are given together.")
    if body.decision == "rejected" and body.comment is None:
        words = page.words("approvals.say_rejected")
        raise InvalidInput(words, problems=[Problem("/comment", words)])
