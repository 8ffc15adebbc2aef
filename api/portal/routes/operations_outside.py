"""For operators: what did not reach its readers, which targets are left alone, what looks like an attack."""

from datetime import timedelta
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from api.paging import After
from api.portal.addresses import with_filters
from api.portal.forms import Form, FormState, attempt
from api.portal.guard import pages
from api.portal.operations_page import ROOT, show_operations
from api.portal.page import OperatorPage, Page
from api.routes.deliveries import DeliveryId, retry_delivery
from steadydesk.contracts.page import cursor, instant_and_key
from steadydesk.records import delivery_log
from steadydesk.records.engine import autocommit
from steadydesk.records.views import security_events, trouble
from steadydesk.records.views.people import names_of

router = pages()

PER_PAGE = 50
_DELIVERIES = f"{ROOT}/deliveries"
_SECURITY = f"{ROOT}/security"
_DAYS = (1, 7, 30, 365)

Days = Annotated[int, Query(ge=1, le=365)]


@router.get("/operations/deliveries")
async def show_deliveries(page: OperatorPage, after: After = None) -> Response:
    return await _deliveries(page, after)


@router.post("/operations/deliveries/{delivery_id}/retry")
async def retry(delivery_id: DeliveryId, page: OperatorPage, posted: Form) -> Response:
    sending = retry_delivery(page.caller, page.services, delivery_id)
    failed = await attempt("retry", posted, sending)
    return page.back_to(_DELIVERIES, "retry") if failed is None else await _deliveries(page, None, failed)


async def _deliveries(page: Page, after: str | None, failed: FormState | None = None) -> Response:
    before = instant_and_key(after)
    async with autocommit(page.services.engine).connect() as connection:
        found = await delivery_log.dead_letters(connection, limit=PER_PAGE, before=before)
        seen = await trouble.sightings(connection, page.viewer, [one.number for one in found])
        names = await names_of(
            connection, [one.recipient for one in found if seen[one.number].number is not None]
        )
    last = found[-1] if len(found) == PER_PAGE else None
    more = cursor(last.ended_at.isoformat(), last.id) if last and last.ended_at else None
    return await show_operations(
        page,
        "deliveries",
        _DELIVERIES,
        failed=failed,
        letters=[(one, seen[one.number]) for one in found],
        names=names,
        first=_DELIVERIES if after else None,
        next=with_filters(_DELIVERIES, after=more) if more else None,
    )


@router.get("/operations/breakers")
async def show_breakers(page: OperatorPage) -> Response:
    async with autocommit(page.services.engine).connect() as connection:
        found = await trouble.breakers(connection)
    return await show_operations(page, "breakers", f"{ROOT}/breakers", breakers=found)


@router.get("/operations/security")
async def show_security(
    page: OperatorPage,
    days: Days = 7,
    kind: Annotated[str | None, Query(max_length=100)] = None,
    after: After = None,
) -> Response:
    since, wanted = page.now - timedelta(days=days), kind or None
    async with autocommit(page.services.engine).connect() as connection:
        kinds = await security_events.security_kinds(connection, since)
        found = await security_events.listed_security_events(
            connection,
            page.viewer,
            since=since,
            kind=wanted,
            limit=PER_PAGE,
            before=instant_and_key(after),
        )
    last = found[-1] if len(found) == PER_PAGE else None
    more = cursor(last.at.isoformat(), last.id) if last else None
    return await show_operations(
        page,
        "security",
        _SECURITY,
        kinds=[(each, times, _security(days, each)) for each, times in kinds.items()],
        kind=wanted,
        events=found,
        spans=[(_security(each, wanted), page.words("time.days_alone", count=each)) for each in _DAYS],
        span=_security(days, wanted),
        everything=_security(days),
        first=_security(days, wanted) if after else None,
        next=_security(days, wanted, more) if more else None,
    )


def _security(days: int, kind: str | None = None, after: str | None = None) -> str:
    return with_filters(_SECURITY, days=str(days), kind=kind, after=after)
