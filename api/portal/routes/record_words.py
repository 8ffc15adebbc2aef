"""What people say about a request on its page: comments, answers, files, watching, the survey, their voice."""

from collections.abc import Awaitable
from typing import Any

from fastapi.responses import Response

from api.portal.forms import Form, Posted, attempt
from api.portal.guard import pages
from api.portal.order_files import fault_of
from api.portal.page import OrdererPage, Page, ReaderPage
from api.portal.record_page import show_request
from api.portal.typed_form import shows_again
from api.requests_read import RequestNumber
from api.routes import attachments, feedback, request_actions
from api.routes.feedback import NewFeedback
from api.routes.request_actions import NewComment, SurveyAnswer, Watcher
from steadydesk.errors import InvalidInput, Problem

router = pages()


@router.post("/records/{number}/comments")
@shows_again
async def comment(number: RequestNumber, page: ReaderPage, posted: Form) -> Response:
    async def send() -> None:
        body = posted.into(NewComment, ("text",), work_note=posted.has("work_note"))
        await request_actions.add_comment(number, body, page.act(posted))

    return await _said(page, number, posted, "comment", send(), "talk")


@router.post("/records/{number}/answer")
@shows_again
async def answer(number: RequestNumber, page: OrdererPage, posted: Form) -> Response:
    """A comment of the requester answers every open question."""

    async def send() -> None:
        await request_actions.add_comment(number, posted.into(NewComment, ("text",)), page.act(posted))

    return await _said(page, number, posted, "answer", send(), "talk")


@router.post("/records/{number}/attachments")
@shows_again
async def attach(number: RequestNumber, page: ReaderPage, posted: Form) -> Response:
    async def send() -> None:
        file = posted.files.get("file")
        if file is None:
            raise InvalidInput("choose a file", problems=[Problem("/file", "choose a file")])
        fault = await fault_of(page, file)
        if fault is not None:
            raise InvalidInput(fault, problems=[Problem("/file", fault)])
        await attachments.attach(number, file, page.caller, page.services)

    return await _said(page, number, posted, "attach", send(), "files")


@router.post("/records/{number}/watch")
async def watch(number: RequestNumber, page: ReaderPage, posted: Form) -> Response:
    begins = posted.text("watch") == "true"

    async def send() -> None:
        await request_actions.watch(number, Watcher(watch=begins), page.act(posted))

    return await _said(page, number, posted, "watch", send(), done="watch" if begins else "unwatch")


@router.post("/records/{number}/survey")
@shows_again
async def survey(number: RequestNumber, page: OrdererPage, posted: Form) -> Response:
    async def send() -> None:
        body = posted.into(SurveyAnswer, ("score", "comment"))
        await request_actions.answer_survey(number, body, page.act(posted))

    return await _said(page, number, posted, "survey", send())


@router.post("/records/{number}/voice")
@shows_again
async def voice(number: RequestNumber, page: ReaderPage, posted: Form) -> Response:
    """A suggestion or complaint."""

    async def send() -> None:
        body = posted.into(NewFeedback, ("kind", "text"))
        await feedback.give_feedback(number, body, page.caller, page.services)

    return await _said(page, number, posted, "voice", send())


async def _said(
    page: Page,
    number: str,
    posted: Posted,
    form: str,
    sending: Awaitable[Any],
    anchor: str = "",
    done: str | None = None,
) -> Response:
    """Back to the request; or its page again with what was typed, where it was refused."""
    failed = await attempt(form, posted, sending)
    if failed is not None:
        return await show_request(page, number, failed)
    return page.back_to(f"/records/{number}{'#' if anchor else ''}{anchor}", done or form)
