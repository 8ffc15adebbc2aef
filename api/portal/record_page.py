"""The page of a request: what it shows, and what its reader can do there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from fastapi.responses import HTMLResponse

from api.portal.forms import FormState
from api.portal.page import Page
from api.portal.progress import asks_requester, label_of, marks_of, waits_of
from steadydesk.contracts.agenda import WaitingKind
from steadydesk.contracts.form import FieldKind, FormField
from steadydesk.contracts.language import in_language
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.views import LineView, TimelineEntry
from steadydesk.errors import UnknownRecord
from steadydesk.policies.rights import Permission, Verb, may
from steadydesk.records.engine import autocommit
from steadydesk.records.views.request_page import RequestContent, request_content

SCORES = [(str(score), str(score)) for score in range(1, 6)]
_HIDDEN_EVENTS = frozenset({"rows.rewritten", "grant.extension-told", "promise.fired"})


@dataclass(frozen=True)
class Can:
    """What the reader can do now; a line's number where it is done to a line. The process has the last word."""

    answer: bool
    comment: bool
    work_note: bool
    attach: bool
    watch: bool
    cancel: bool
    change: str | None
    recall: str | None
    extend: bool
    survey: bool
    work: bool


async def read_content(page: Page, number: str) -> RequestContent:
    """UnknownRecord for what is not there, or not for the reader."""
    async with autocommit(page.services.engine).connect() as connection:
        content = await request_content(connection, page.viewer, number)
    if content is None:
        raise UnknownRecord("there is no such record, or it is not for you to see")
    if page.caller.may(Permission.OPERATE):
        settings = page.services.settings
        link = f"{settings.temporal_ui_url}/namespaces/{settings.namespace}/workflows/{number}"
        view = content.view.model_copy(update={"temporal_ui": link})
        return replace(content, view=view)
    return content


async def show_request(page: Page, number: str, failed: FormState | None = None) -> HTMLResponse:
    """The whole page; with the form that was refused, where one was."""
    content = await read_content(page, number)
    talk = [entry for entry in content.timeline if entry.kind != "event"]
    can = can_do(page, content)
    return await page.show(
        "record/request",
        failed=failed,
        content=content,
        can=can,
        lines=[(line, marks_of(content, line, page.words)) for line in content.view.items],
        waits=waits_of(content, content.view.waiting, page.words),
        said=talk,
        questions=_questions(content) if can.answer else [],
        events=[entry for entry in reversed(content.timeline) if _is_told(entry)],
        event_words=lambda entry: event_words(page, content, entry),
        answers_of=lambda line: list(answers_of(page, content, line)),
        watching=page.caller.id in content.process.watchers,
        watchers=[content.names.of(each) for each in content.process.watchers],
        scores=SCORES,
        survey_question=_survey_question(page, content),
    )


def can_do(page: Page, content: RequestContent) -> Can:
    view, caller = content.view, page.caller
    orders = caller.may(Permission.ORDER)

    def allowed(verb: Verb) -> bool:
        return may(verb, view.relations)

    def first(verb: Verb, *phases: Phase) -> str | None:
        fits = (line.number for line in view.items if line.phase in phases)
        return next(fits, None) if orders and allowed(verb) else None

    survey = any(one.kind is WaitingKind.SURVEY and one.whom == "requester" for one in view.waiting)
    alive = view.open or bool(view.waiting)
    return Can(
        answer=orders and allowed(Verb.RESUBMIT) and asks_requester(view.waiting),
        comment=alive and allowed(Verb.COMMENT),
        work_note=allowed(Verb.WORK_NOTE),
        attach=allowed(Verb.ATTACH) and alive,
        watch=alive and allowed(Verb.WATCH),
        cancel=orders and allowed(Verb.CANCEL) and any(line.open for line in view.items),
        change=first(Verb.RESUBMIT, Phase.RETURNED),
        recall=first(Verb.RECALL, Phase.APPROVAL),
        extend=orders and allowed(Verb.EXTEND) and bool(extendable(content)),
        survey=survey and orders and allowed(Verb.ANSWER_SURVEY),
        work=allowed(Verb.WORK) and caller.may(Permission.WORK),
    )


def extendable(content: RequestContent) -> list[tuple[str, str]]:
    """Number and name of each active grant that has an end."""
    return [
        (grant.number, f"{grant.entitlement} ({grant.number})")
        for grant in content.grants
        if grant.state == "active" and grant.expires_at is not None
    ]


def answers_of(page: Page, content: RequestContent, line: LineView) -> Iterator[tuple[str, str]]:
    """Label and answer of each field that was answered, in the order of the form."""
    item = content.organisation.catalog.get(line.item or "")
    for key, field in (item.form.fields if item else {}).items():
        if key in line.variables:
            yield in_language(field.label, page.language), _answer(page, field, line.variables[key])


def event_words(page: Page, content: RequestContent, entry: TimelineEntry) -> str:
    """What happened, and to which approval, task or step."""
    name = entry.event or ""
    words = page.words.either(f"event.{name}", name.replace("_", " ").replace(".", " ").capitalize())
    about = label_of(content, entry.subject or "", page.language)
    return f"{words}: {about}" if about else words


def _questions(content: RequestContent) -> list[TimelineEntry]:
    """The questions since the last answer."""
    asked: list[TimelineEntry] = []
    for entry in content.timeline:
        if entry.kind == "question":
            asked.append(entry)
        elif entry.kind == "answer":
            asked.clear()
    return asked


def _answer(page: Page, field: FormField, value: Any) -> str:
    words, language = page.words, page.language
    if isinstance(value, bool):
        return words("portal.yes") if value else words("portal.no")
    if isinstance(value, dict):
        return ", ".join(str(each) for each in value.values())
    labels = {choice.value: in_language(choice.label, language) for choice in field.choices}
    if isinstance(value, list):
        return ", ".join(labels.get(str(each), str(each)) for each in value)
    if field.kind is FieldKind.NUMBER and isinstance(value, int | float):
        return page.formats.number(value, digits=0 if float(value).is_integer() else 2)
    return labels.get(str(value), str(value))


def _survey_question(page: Page, content: RequestContent) -> str:
    item = content.organisation.catalog.get(content.view.item or "")
    survey = item.survey if item else None
    return in_language(survey.question, page.language) if survey else page.words("record.survey")


def _is_told(entry: TimelineEntry) -> bool:
    return entry.kind == "event" and entry.event not in _HIDDEN_EVENTS
