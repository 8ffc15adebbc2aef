"""How the service does, in numbers and charts, over a period and some functions that the address names."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated

from fastapi import Query
from fastapi.responses import RedirectResponse, Response

from api.portal.addresses import with_filters
from api.portal.dashboard_page import charts_of
from api.portal.function_labels import function_labels
from api.portal.guard import pages
from api.portal.page import OwnerPage, Page
from steadydesk.policies.period import Period, PeriodError, between, last_days
from steadydesk.records.engine import autocommit
from steadydesk.records.organisation import in_force
from steadydesk.records.views.dashboard_reads import Extent
from steadydesk.records.views.visibility import sight_of

router = pages()

_PATH = "/dashboard"
_SPANS = (30, 90, 365)
_DEFAULT = 30

Typed = Annotated[str | None, Query(max_length=20)]


@dataclass
class Asked:
    """The filters as they were typed, the period that they mean, and what is wrong with them by field."""

    period: Period
    days: int | None = None
    first: str = ""
    last: str = ""
    chosen: tuple[str, ...] = ()
    problems: dict[str, str] = field(default_factory=dict[str, str])


@router.get(_PATH)
async def show_dashboard(
    page: OwnerPage,
    days: Typed = None,
    first: Annotated[str | None, Query(alias="from", max_length=20)] = None,
    last: Annotated[str | None, Query(alias="to", max_length=20)] = None,
    function: Annotated[list[str] | None, Query(max_length=50)] = None,
    anew: Typed = None,
) -> Response:
    asked = _asked(page, days, (first or "").strip(), (last or "").strip())
    async with autocommit(page.services.engine).connect() as connection:
        _, resolved = await in_force(connection)
        sight = await sight_of(connection, page.viewer)
    labels = function_labels(resolved.organisation, page.language)
    asked.chosen = tuple(key for key in labels if key in (function or ()))
    extent = Extent(sight, asked.period, asked.chosen)
    kept = await page.services.dashboards.get(extent, anew=anew is not None)
    if anew is not None and not asked.problems:
        # Not shown here: an address that is kept or loaded again would ask for new figures each time.
        return RedirectResponse(_address(asked), 303)
    return await page.show(
        "dashboard/dashboard",
        status=422 if asked.problems else 200,
        asked=asked,
        found=kept.value,
        counted_at=kept.at,
        count_anew=_address(asked, anew="1"),
        charts=charts_of(page, kept.value, asked.period),
        functions=labels,
        span_tabs=_span_tabs(page, asked),
        here=_address(asked) if asked.days else "",
    )


def _span_tabs(page: Page, asked: Asked) -> list[tuple[str, str]]:
    return [
        (_address(replace(asked, days=each)), page.words("dashboard.days", count=each)) for each in _SPANS
    ]


def _asked(page: Page, days: str | None, first: str, last: str) -> Asked:
    """The days that were typed, else the last so many."""
    zone = page.formats.zone.key
    today = page.now.astimezone(page.formats.zone).date()
    span = int(days) if days in {str(each) for each in _SPANS} else _DEFAULT
    if not (first or last):
        return Asked(last_days(span, today, zone), days=span)
    asked = Asked(last_days(span, today, zone), first=first, last=last)
    begin, end = _day(page, asked, "from", first, None), _day(page, asked, "to", last, today)
    if begin is None or end is None:
        asked.problems.setdefault("from" if begin is None else "to", page.words("dashboard.problem_day"))
        return asked
    try:
        asked.period = between(begin, end, zone)
    except PeriodError as error:
        asked.problems["to"] = page.words(f"dashboard.problem_{error.args[0]}")
    return asked


def _day(page: Page, asked: Asked, name: str, typed: str, otherwise: date | None) -> date | None:
    if not typed:
        return otherwise
    try:
        return date.fromisoformat(typed)
    except ValueError:
        asked.problems[name] = page.words("dashboard.problem_day")
        return None


def _address(asked: Asked, **more: str) -> str:
    """Of the same filters; days that were chosen count before a period that was typed."""
    if asked.days:
        return with_filters(_PATH, days=str(asked.days), function=asked.chosen, **more)
    typed = {"from": asked.first, "to": asked.last}
    return with_filters(_PATH, **typed, function=asked.chosen, **more)
