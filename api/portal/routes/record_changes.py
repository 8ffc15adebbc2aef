"""What its requester changes about a request, each on a page that says first what will happen."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import Response

from api.portal.answers import answers_in
from api.portal.extension_page import extendable
from api.portal.forms import Form, FormState, attempt
from api.portal.guard import pages
from api.portal.page import OrdererPage, Page
from api.portal.people_typed import answers_with_people
from api.portal.progress import running_steps, taken_back
from api.portal.record_page import can_do, cancellable, read_content
from api.portal.titles import line_names
from api.portal.typed_form import shows_again
from api.requests_read import RequestNumber
from api.routes import extensions, request_actions
from api.routes.extensions import Extension
from api.routes.request_actions import Cancellation, Resubmission, Returning
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.grant import GrantState
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.views import LineView
from steadydesk.errors import InvalidTransition, RecordClosed, UnknownRecord
from steadydesk.policies.rights import Permission
from steadydesk.records.views.request_page import RequestContent

router = pages()

_CHANGEABLE = (Phase.RETURNED, Phase.APPROVAL)


@router.get("/records/{number}/cancel")
async def preview_cancel(number: RequestNumber, page: OrdererPage) -> Response:
    """What would be taken back, and what would stop."""
    return await _cancel_page(page, number)


@router.post("/records/{number}/cancel")
@shows_again
async def cancel(number: RequestNumber, page: OrdererPage, posted: Form) -> Response:
    async def send() -> None:
        body = posted.into(Cancellation, ("line", "reason"))
        await request_actions.cancel(number, body, page.act(posted))

    failed = await attempt("cancel", posted, send())
    return (
        page.back_to(f"/records/{number}", "cancel")
        if failed is None
        else await _cancel_page(page, number, failed)
    )


@router.get("/records/{number}/recall")
async def ask_recall(number: RequestNumber, page: OrdererPage, line: str | None = None) -> Response:
    """What a change of something in approval means; nothing happens yet."""
    return await _line_page(page, number, line, "recall", (Phase.APPROVAL,))


@router.post("/records/{number}/recall")
@shows_again
async def recall(number: RequestNumber, page: OrdererPage, posted: Form) -> Response:
    """On to the form of the change. Who leaves that finds the request in their hands, as it was."""

    async def send() -> None:
        body = posted.into(Returning, ("line", "reason"))
        await request_actions.recall(number, body, page.act(posted))

    failed = await attempt("recall", posted, send())
    if failed is None:
        line = posted.text("line")
        chosen = f"?{urlencode({'line': line})}" if line else ""
        return page.back_to(f"/records/{number}/change{chosen}", "recall")
    return await _line_page(page, number, posted.text("line"), "recall", tuple(Phase), failed)


@router.get("/records/{number}/change")
async def ask_change(number: RequestNumber, page: OrdererPage, line: str | None = None) -> Response:
    return await _line_page(page, number, line, "change", _CHANGEABLE)


@router.post("/records/{number}/change")
@shows_again
async def change(number: RequestNumber, page: OrdererPage, posted: Form) -> Response:
    content = await read_content(page, number)
    item = _item(content, _line(content, posted.text("line"), tuple(Phase)))

    async def send() -> None:
        answers = await answers_with_people(
            page, item.form, answers_in(item.form, posted, page.words), "/variables"
        )
        body = posted.into(Resubmission, ("line", "quantity", "comment"), variables=answers)
        await request_actions.resubmit(number, body, page.act(posted))

    failed = await attempt("change", posted, send())
    if failed is None:
        return page.back_to(f"/records/{number}", "change")
    return await _line_page(page, number, posted.text("line"), "change", tuple(Phase), failed)


@router.get("/records/{number}/extend")
async def ask_extension(number: RequestNumber, page: OrdererPage) -> Response:
    return await _extend_page(page, number)


@router.post("/records/{number}/extend")
@shows_again
async def extend(number: RequestNumber, page: OrdererPage, posted: Form) -> Response:
    opened: list[str] = []

    async def send() -> None:
        body = posted.into(Extension, ("until", "grant", "comment"))
        act = page.act(posted)
        answer = await extensions.extend(number, body, page.caller, page.services, act.response, posted.key)
        opened.append(answer.number)

    failed = await attempt("extend", posted, send())
    if failed is None:
        return page.back_to(f"/records/{opened[0]}", "extend")
    return await _extend_page(page, number, failed)


async def _cancel_page(page: Page, number: str, failed: FormState | None = None) -> Response:
    content = await read_content(page, number)
    if failed is None and not can_do(page, content).cancel:
        _refuse_closed(content)
        _refuse(page, content)
    lines = cancellable(content)
    return await page.show(
        "record/cancel",
        failed=failed,
        content=content,
        previews=[
            (line, taken_back(content, line, page.words), running_steps(content, line, page.words))
            for line in lines
        ],
        line_options=[(line.number, f"{line.short_description} ({line.number})") for line in lines],
    )


async def _line_page(
    page: Page,
    number: str,
    line_number: str | None,
    template: str,
    phases: tuple[Phase, ...],
    failed: FormState | None = None,
) -> Response:
    content = await read_content(page, number)
    can = can_do(page, content)
    if failed is None and not (can.change or can.recall):
        _refuse_closed(content)
        _refuse(page, content)
    if failed is None and line_number is None and len(_lines(content, None, phases)) > 1:
        return page.back_to(f"/records/{number}")  # There it is chosen by its name.
    line = _line(content, line_number, phases)
    item = _item(content, line)
    shown: Mapping[str, Any] = {
        "line": line,
        "name": line_names(content.view.items).get(line.number, line.short_description),
        "item": item,
    }
    return await page.show(f"record/{template}", failed=failed, content=content, **shown)


async def _extend_page(page: Page, number: str, failed: FormState | None = None) -> Response:
    content = await read_content(page, number)
    if failed is None and not can_do(page, content).extend:
        _refuse_ended(content)
        _refuse(page, content)
    able = await extendable(page, content)
    if failed is None and not able.ends and able.refusal is not None:
        raise able.refusal
    ends = able.ends
    names = {grant.number: f"{grant.entitlement} ({grant.number})" for grant in content.grants}
    grants = [
        (key, page.words("extend.now", name=names[key], day=page.formats.plain_day(end)))
        for key, end in ends.items()
    ]
    return await page.show(
        "record/extend",
        failed=failed,
        content=content,
        grants=grants or [("", "-")],
        least=(min(ends.values()) + timedelta(days=1)).isoformat() if ends else None,
    )


def _refuse_closed(content: RequestContent) -> None:
    """As the command itself is refused, with the way to a follow-up."""
    if not content.view.open:
        number = content.view.number
        words = f"{number} is closed; order again or refer to it"
        raise RecordClosed(words, details={"follow_up": number})


def _refuse_ended(content: RequestContent) -> None:
    if content.grants and all(
        grant.state in (GrantState.REVOKED, GrantState.LEFT) for grant in content.grants
    ):
        raise InvalidTransition("What was granted has ended. Order it again where it is still needed.")


def _refuse(page: Page, content: RequestContent) -> None:
    page.caller.require(Permission.ORDER)
    number = content.view.number
    raise InvalidTransition(
        f"{number} cannot be changed in this way now: it has moved on, or it is not yours to change."
    )


def _lines(content: RequestContent, number: str | None, phases: tuple[Phase, ...]) -> list[LineView]:
    return [line for line in content.view.items if line.phase in phases and number in (None, line.number)]


def _line(content: RequestContent, number: str | None, phases: tuple[Phase, ...]) -> LineView:
    fits = _lines(content, number, phases)
    if not fits:
        raise UnknownRecord("there is no such line that could be changed now")
    return fits[0]


def _item(content: RequestContent, line: LineView) -> CatalogItem:
    item = content.organisation.catalog.get(line.item or "")
    if item is None:
        raise UnknownRecord("the item of this line is not known any more")
    return item
