"""The page of a request: what it shows, and what its reader can do there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from fastapi.responses import HTMLResponse

from api.portal.answer_words import Answered, answers_in_words
from api.portal.deciding import decidable
from api.portal.extension_page import extendable, lasting
from api.portal.forms import FormState
from api.portal.function_labels import function_labels
from api.portal.page import Page
from api.portal.progress import Mark, Wait, asks_requester, marks_of, waits_of
from api.portal.timeline import everything, talk, told
from api.portal.titles import line_names
from steadydesk.contracts.agenda import Waiting, WaitingKind
from steadydesk.contracts.form import Form
from steadydesk.contracts.language import in_language
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.views import ApprovalView, LineView, RecordView, RequestView, TimelineEntry
from steadydesk.errors import UnknownRecord
from steadydesk.policies.rights import Permission, Verb, may
from steadydesk.records.engine import autocommit
from steadydesk.records.grants import revocable
from steadydesk.records.views.request_page import RequestContent, request_content

_REVOCABLE = "revocable"
SCORES = [(str(score), str(score)) for score in range(1, 6)]


@dataclass(frozen=True)
class Can:
    """What the reader can do now; the numbers of the lines where it is done to a line, and of the grants that they may
    end, with the version of each. The process has the last word.
    """

    answer: bool
    comment: bool
    work_note: bool
    attach: bool
    watch: bool
    cancel: bool
    change: list[str]
    recall: list[str]
    extend: bool
    revoke: dict[str, int]
    survey: bool
    work: bool
    follow: bool


@dataclass(frozen=True)
class Part:
    """A line with its way so far, and what it waits for. ``name`` tells it from the others, where there are any."""

    line: LineView
    name: str | None
    marks: list[Mark]
    waits: list[Wait]
    answers: list[Answered]
    moved_from: datetime | None
    """The first effective date, where it is another one now."""


async def read_content(page: Page, number: str) -> RequestContent:
    """UnknownRecord for what is not there, or not for the reader."""
    async with autocommit(page.services.engine).connect() as connection:
        also = {_REVOCABLE: revocable(page.viewer, number)}
        content = await request_content(connection, page.viewer, number, also)
    if content is None:
        raise UnknownRecord("there is no such record, or it is not for you to see")
    if page.caller.may(Permission.OPERATE):
        link = page.services.settings.workflow_link(number)
        view = content.view.model_copy(update={"temporal_ui": link})
        return replace(content, view=view)
    return content


async def show_request(page: Page, number: str, failed: FormState | None = None) -> HTMLResponse:
    """The whole page; with the form that was refused, where one was."""
    content = await read_content(page, number)
    can = can_do(page, content)
    if can.extend:
        can = replace(can, extend=bool((await extendable(page, content)).ends))
    return await page.show(
        "record/request",
        failed=failed,
        content=content,
        can=can,
        decidable=decidable(page, content),
        parts=_parts(page, content),
        waits=waits_of(content, _afterwards(content.view), page.words),
        complain_until=_complain_until(page, content.view),
        names=line_names(content.view.items),
        function_labels=function_labels(content.organisation, page.language),
        entered_at=lambda task: entered_at(page, content, task.number) if can.work else [],
        line_of_task=lambda task: _line_of_task(content, task),
        votes_of=lambda approval: list(_votes(content, approval)),
        said=talk(content),
        questions=_questions(content) if can.answer else [],
        told=told(page, content, content.timeline),
        everything=everything(page, content, content.timeline),
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

    def lines_in(verb: Verb, phase: Phase) -> list[str]:
        fits = [line.number for line in view.items if line.phase == phase]
        return fits if orders and allowed(verb) else []

    survey = any(one.kind is WaitingKind.SURVEY and one.whom == "requester" for one in view.waiting)
    return Can(
        answer=orders and allowed(Verb.RESUBMIT) and asks_requester(view.waiting),
        comment=view.open and allowed(Verb.COMMENT),
        work_note=allowed(Verb.WORK_NOTE),
        attach=view.open and allowed(Verb.ATTACH),
        watch=view.open and allowed(Verb.WATCH),
        cancel=orders and allowed(Verb.CANCEL) and bool(cancellable(content)),
        change=lines_in(Verb.RESUBMIT, Phase.RETURNED),
        recall=lines_in(Verb.RECALL, Phase.APPROVAL),
        extend=orders and allowed(Verb.EXTEND) and bool(lasting(content)),
        revoke=content.more[_REVOCABLE],
        survey=survey and orders and allowed(Verb.ANSWER_SURVEY),
        work=allowed(Verb.WORK) and caller.may(Permission.WORK),
        follow=orders and not view.open,
    )


def cancellable(content: RequestContent) -> list[LineView]:
    """The open lines, without those that are being taken back for good already."""
    runs = {run.number: run for run in content.process.lines}
    return [
        line
        for line in content.view.items
        if line.open and (line.phase != Phase.UNDOING or runs[line.number].returning)
    ]


def answers_of(
    page: Page, content: RequestContent, line: LineView, *, revealed: bool = False
) -> list[Answered]:
    item = content.organisation.catalog.get(line.item or "")
    form = item.form if item else Form()
    return list(answers_in_words(page, form, line.variables, content.names, revealed=revealed))


def entered_at(page: Page, content: RequestContent, number: str) -> list[Answered]:
    """What was entered when the task was completed."""
    one = content.entered.get(number)
    return list(answers_in_words(page, one.form, one.outputs, content.names)) if one else []


def _questions(content: RequestContent) -> list[TimelineEntry]:
    """The questions since the last answer."""
    asked: list[TimelineEntry] = []
    for entry in content.timeline:
        if entry.kind == "question":
            asked.append(entry)
        elif entry.kind == "answer":
            asked.clear()
    return asked


def _parts(page: Page, content: RequestContent) -> list[Part]:
    names = line_names(content.view.items)
    return [
        Part(
            line,
            names.get(line.number),
            marks_of(content, line, page.words),
            waits_of(content, line.waiting if line.open else [], page.words),
            answers_of(page, content, line),
            _moved_from(content, line),
        )
        for line in content.view.items
    ]


def _moved_from(content: RequestContent, line: LineView) -> datetime | None:
    moves = [
        (_instant(entry.facts.get("before")), _instant(entry.facts.get("after")))
        for entry in content.timeline
        if (entry.event, entry.subject) == ("line.rescheduled", line.number)
    ]
    before, after = (moves[0][0], moves[-1][1]) if moves else (None, None)
    return before if after == line.effective_at != before else None


def _instant(fact: object) -> datetime | None:
    return datetime.fromisoformat(fact) if isinstance(fact, str) else None


def _afterwards(view: RequestView) -> list[Waiting]:
    """What no open line waits for, but the order as a whole; not that the time for complaints passes."""
    of_lines = {each.subject for line in view.items if line.open for each in line.waiting}
    return [each for each in view.waiting if each.subject not in of_lines and not _is_grace(each)]


def _is_grace(waiting: Waiting) -> bool:
    """The time between the end and the survey, in which people may say that it is not right."""
    return waiting.kind is WaitingKind.SURVEY and waiting.whom != "requester"


def _complain_until(page: Page, view: RequestView) -> datetime | None:
    own = page.caller.id in (view.opened_by.id, view.caller.id)
    return next((each.until for each in view.waiting if own and _is_grace(each)), None)


def _line_of_task(content: RequestContent, task: RecordView) -> str | None:
    """The number of the line whose plan has the task."""
    tasks = content.process.tasks()
    return next((line.number for line, step, run in tasks if step and run.number == task.number), None)


def _votes(content: RequestContent, approval: ApprovalView) -> Iterator[tuple[str, str]]:
    """Who wrote something with their vote, and what."""
    gate = content.process.gates.get(approval.id)
    for ballot in gate.ballots if gate else []:
        if said := content.words.get(f"{approval.id}:{ballot.voter}"):
            yield content.names.of(ballot.voter).name, said


def _survey_question(page: Page, content: RequestContent) -> str:
    item = content.organisation.catalog.get(content.view.item or "")
    survey = item.survey if item else None
    return in_language(survey.question, page.language) if survey else page.words("record.survey")
