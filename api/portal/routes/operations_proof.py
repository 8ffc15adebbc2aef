"""For operators: whether the audit still proves what happened."""

from fastapi.responses import Response

from api.portal.forms import Form, FormState, Posted, attempt
from api.portal.guard import pages
from api.portal.operations_page import ROOT, show_operations
from api.portal.page import OperatorPage, Page
from steadydesk.contracts.numbers import parse_typed
from steadydesk.errors import InvalidInput, Problem
from steadydesk.records import audit_check
from steadydesk.records.audit_check import Checked
from steadydesk.records.engine import autocommit

router = pages()

_AUDIT = f"{ROOT}/audit"


@router.get("/operations/audit")
async def show_audit(page: OperatorPage) -> Response:
    return await _audit_page(page)


@router.post("/operations/audit")
async def check_audit(page: OperatorPage, posted: Form) -> Response:
    """Recomputes chains now; nothing is kept of it, so the answer is the page itself."""
    checked: list[Checked] = []

    async def check() -> None:
        checked.append(await _check(page, posted))

    failed = await attempt("audit", posted, check())
    return await _audit_page(page, failed, checked[0] if checked else None)


async def _check(page: Page, posted: Posted) -> Checked:
    engine = page.services.engine
    if posted.text("which") == "lately":
        return await audit_check.check_lately(engine, page.viewer, page.now)
    number = parse_typed(posted.text("number") or "")
    checked = await audit_check.check_one(engine, page.viewer, number) if number else None
    if checked is None:
        raise InvalidInput(
            "There is nothing to verify.",
            problems=[Problem("/number", page.words("operations.audit_unknown"))],
        )
    return checked


async def _audit_page(
    page: Page, failed: FormState | None = None, checked: Checked | None = None
) -> Response:
    async with autocommit(page.services.engine).connect() as connection:
        signed = await audit_check.last_statement(connection)
    return await show_operations(
        page,
        "audit",
        _AUDIT,
        failed=failed,
        checked=checked,
        signed=signed,
        every=page.services.settings.anchor_minutes,
        most=audit_check.MOST_CHAINS,
    )
