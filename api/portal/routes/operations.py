"""For operators: what runs and what it waits for, and what is stuck or not answered."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Query
from fastapi.responses import RedirectResponse, Response

from api.paging import After
from api.portal.addresses import with_filters
from api.portal.guard import pages
from api.portal.operations_page import ROOT, show_operations
from api.portal.page import OperatorPage, Page
from steadydesk.contracts.agenda import WaitingKind
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.page import cursor, instant_and_key
from steadydesk.records.engine import autocommit
from steadydesk.records.views import operations, trouble
from steadydesk.records.views.operations import NOTHING, RunningCount, RunningFilter
from steadydesk.records.views.record_filter import Position
from steadydesk.records.views.visibility import sight_of

router = pages()

PER_PAGE = 50
_PROCESSES = f"{ROOT}/processes"
_STUCK = f"{ROOT}/stuck"
_KINDS = (RecordKind.REQUEST.value, RecordKind.GRANT.value)
_REASONS = (*(kind.value for kind in WaitingKind), NOTHING)

Filter = Annotated[str | None, Query(max_length=100)]


@dataclass
class KindOverview:
    """How many processes of a kind run, by state, and by what they wait for (one may wait for several)."""

    kind: str
    count: int = 0
    states: Counter[str] = field(default_factory=Counter[str])
    reasons: Counter[str] = field(default_factory=Counter[str])


@router.get("/operations")
async def show_overview(page: OperatorPage, anew: Filter = None) -> Response:
    async with autocommit(page.services.engine).connect() as connection:
        attention = await operations.attention(connection, page.now)
        sight = await sight_of(connection, page.viewer)
    counts = await page.services.running.get(sight, anew=anew is not None)
    if anew is not None:
        return RedirectResponse(ROOT, 303)  # As the dashboard does.
    return await show_operations(
        page,
        "running",
        ROOT,
        attention=attention,
        kinds=overviews(counts.value),
        counted_at=counts.at,
        count_anew=with_filters(ROOT, anew="1"),
        processes=lambda **filters: with_filters(_PROCESSES, **filters),
        reason_words=lambda reason: _reason_words(page, reason),
    )


@router.get("/operations/processes")
async def list_processes(
    page: OperatorPage,
    kind: Filter = None,
    state: Filter = None,
    waits_for: Filter = None,
    after: After = None,
) -> Response:
    position = instant_and_key(after)
    wanted = RunningFilter(kind or None, state or None, waits_for or None)
    async with page.services.engine.connect() as connection:
        found = await operations.running_processes(
            connection, page.viewer, wanted, PER_PAGE, Position(*position) if position else None
        )
    filters = {"kind": wanted.kind, "state": wanted.state, "waits_for": wanted.waits_for}
    last = found[-1] if len(found) == PER_PAGE else None
    more = cursor(last.updated_at.isoformat(), last.number) if last else None
    return await show_operations(
        page,
        "processes",
        ROOT,
        found=found,
        wanted=wanted,
        reasons=[(each, _reason_words(page, each)) for each in _REASONS],
        kinds=[(each, page.words(f"operations.kind_{each}")) for each in _KINDS],
        reason_words=lambda reason: _reason_words(page, reason),
        first=with_filters(_PROCESSES, **filters) if after else None,
        next=with_filters(_PROCESSES, **filters, after=more) if more else None,
    )


@router.get("/operations/stuck")
async def show_stuck(page: OperatorPage) -> Response:
    async with autocommit(page.services.engine).connect() as connection:
        found = {
            "stuck": await trouble.stuck_processes(connection, page.viewer),
            "commands": await trouble.unanswered_commands(connection, page.viewer, page.now),
            "orders": await trouble.received_orders(connection, page.now),
        }
    return await show_operations(page, "stuck", _STUCK, **found, most=trouble.MOST)


def overviews(counts: Iterable[RunningCount]) -> list[KindOverview]:
    """One for each kind, the largest first."""
    found: dict[str, KindOverview] = {}
    for one in counts:
        overview = found.setdefault(one.kind, KindOverview(one.kind))
        overview.count += one.count
        overview.states[one.state] += one.count
        for reason in one.waits_for:
            overview.reasons[reason] += one.count
    return sorted(found.values(), key=lambda each: (-each.count, each.kind))


def _reason_words(page: Page, reason: str) -> str:
    return page.words("operations.waits_nothing") if reason == NOTHING else page.words(f"waiting.{reason}")
