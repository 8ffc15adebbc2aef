"""How the service does, in numbers and charts, over a period and some functions that the address names."""

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from api.portal.addresses import with_filters
from api.portal.dashboard_page import charts_of
from api.portal.guard import pages
from api.portal.page import OwnerPage, Page
from steadydesk.contracts.language import in_language
from steadydesk.policies.period import Period, PeriodError, between, last_days
from steadydesk.records.organisation import in_force
from steadydesk.records.views.dashboard import dashboard
from steadydesk.records.views.dashboard_reads import Extent

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
    problems: dict[str, str] = field(default_factory=dict[str, str])


@router.get(_PATH)
async def show_dashboard(
    page: OwnerPage,
    days: Typed = None,
    first: Annotated[str | None, Query(alias="from", max_length=20)] = None,
    last: Annotated[str | None, Query(alias="to", max_length=20)] = None,
    function: Annotated[list[str] | None, Query(max_length=50)] = None,
) -> Response:
    asked = _asked(page, days, (first or "").strip(), (last or "").strip())
    async with page.services.engine.connect() as connection:
        _, resolved = await in_force(connection)
        known = resolved.organisation.functions
        chosen = tuple(key for key in known if key in (function or ()))
        found = await dashboard(connection, Extent(page.viewer, asked.period, chosen))
    labels = {key: in_language(one.label, page.language) for key, one in known.items()}
    return await page.show(
        "dashboard/dashboard",
        status=422 if asked.problems else 200,
        asked=asked,
        found=found,
        charts=charts_of(page, found, asked.period),
        functions=labels,
        chosen=chosen,
        span_tabs=[(_address(each, chosen), page.words("dashboard.days", count=each)) for each in _SPANS],
        here=_address(asked.days, chosen) if asked.days else "",
    )


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


def _address(days: int, functions: tuple[str, ...]) -> str:
    return with_filters(_PATH, days=str(days), function=functions)
