"""Suggestions and complaints for those who answer for them, and for who said them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from api.portal.addresses import with_filters
from api.portal.function_labels import function_labels
from api.portal.guard import pages
from api.portal.page import Page, ReaderPage
from api.routes import feedback
from steadydesk.contracts.feedback import FeedbackKind, FeedbackView
from steadydesk.records.engine import autocommit
from steadydesk.records.organisation import in_force

router = pages()

PATH = "/feedback"
PER_PAGE = 25


@router.get(PATH)
async def show_list(
    page: ReaderPage,
    kind: FeedbackKind | None = None,
    after: Annotated[str | None, Query(max_length=1000)] = None,
) -> Response:
    found = await feedback.list_feedback(page.caller, page.services, kind, after, PER_PAGE)
    here = _address(kind)
    kinds = [(_address(each), page.words(f"feedback.only_{each.value}")) for each in FeedbackKind]
    return await page.show(
        "feedback/list",
        found=found.items,
        function_labels=await _labels(page, found.items),
        tabs=[(_address(None), page.words("feedback.all")), *kinds],
        here=here,
        first=here if after else None,
        next=_address(kind, found.after) if found.after else None,
    )


@router.get(PATH + "/{identity}")
async def show_entry(identity: str, page: ReaderPage) -> Response:
    one = await feedback.show_feedback(identity, page.caller, page.services)
    return await page.show("feedback/entry", one=one, function_labels=await _labels(page, [one]))


async def _labels(page: Page, shown: Sequence[FeedbackView]) -> dict[str, str]:
    """Of the functions whose owners answer, where there are any."""
    if not any(answerer.subject.startswith("f:") for one in shown for answerer in one.answers):
        return {}
    async with autocommit(page.services.engine).connect() as connection:
        _, resolved = await in_force(connection)
    return function_labels(resolved.organisation, page.language)


def _address(kind: FeedbackKind | None, after: str | None = None) -> str:
    return with_filters(PATH, kind=kind.value if kind else None, after=after)
