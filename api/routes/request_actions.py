"""What people do with a request: comment, cancel, resubmit, move its date, watch it, answer the survey."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from api import commands
from api.actions import Action, OrdererAction, ReaderAction, WorkerAction
from api.form_answers import check_date
from api.ordering import ItemOrder, Wanted, check_line
from api.requests_read import LineNumber, RequestNumber, read_request
from steadydesk.contracts.base import Contract, Moment
from steadydesk.contracts.request_commands import (
    AnswerSurvey,
    Cancel,
    Comment,
    GiveBack,
    Move,
    Recall,
    Reschedule,
    Resubmit,
    Watch,
)
from steadydesk.contracts.views import RecordView, RequestView
from steadydesk.contracts.words import LongWords, Words
from steadydesk.errors import InvalidInput, Problem
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.rights import Permission, Verb
from steadydesk.records.engine import Connection
from steadydesk.records.organisation import in_force, kept_by

router = APIRouter(prefix="/requests", tags=["requests"])


class NewComment(Contract):
    text: LongWords
    work_note: bool = Field(
        default=False, description="For those who work on it; the requester does not see it."
    )


class Cancellation(Contract):
    line: LineNumber | None = Field(default=None, description="One line's number; null: every open line.")
    reason: Words | None = None


class Resubmission(Contract):
    line: LineNumber | None = Field(default=None, description="Null where the request has one line.")
    variables: dict[str, Any]
    quantity: int | None = Field(default=None, ge=1, le=100)
    comment: Words | None = None


class Returning(Contract):
    line: LineNumber | None = Field(default=None, description="Null where the request has one line.")
    reason: Words | None = None


class NewDate(Contract):
    line: LineNumber | None = None
    effective_at: Moment


class NewState(Contract):
    line: LineNumber | None = None
    state: str = Field(max_length=63)
    text: Words | None = Field(default=None, description="A note, where the state asks for one.")


class SurveyAnswer(Contract):
    score: int = Field(ge=1, le=5)
    comment: Words | None = None


class Watcher(Contract):
    person: str | None = Field(default=None, max_length=100, description="User name; null: yourself.")
    watch: bool = True


@router.post("/{number}/comments")
async def add_comment(number: RequestNumber, body: NewComment, act: OrdererAction) -> dict[str, Any]:
    """Comment; from the requester it also answers every open question."""

    async def build(connection: Connection) -> Comment:
        text = await commands.store(connection, act.caller, body.text)
        kind = "work_note" if body.work_note else "comment"
        return Comment(assertion=unsigned(), if_match=act.version, text=text, kind=kind)

    return await act(number, Verb.WORK_NOTE if body.work_note else Verb.COMMENT, "comment", body, build)


@router.post("/{number}/cancel")
async def cancel(number: RequestNumber, body: Cancellation, act: OrdererAction) -> dict[str, Any]:
    """Stop what can be stopped, undo what was done, give the rest to a person."""

    async def build(connection: Connection) -> Cancel:
        reason = await commands.words(connection, act.caller, body.reason)
        return Cancel(assertion=unsigned(), if_match=act.version, line=body.line, reason=reason)

    return await act(number, Verb.CANCEL, "cancel", body, build)


@router.post("/{number}/resubmit")
async def resubmit(number: RequestNumber, body: Resubmission, act: OrdererAction) -> dict[str, Any]:
    """Change a returned line, or one in approval; a change of material fields starts the approval anew."""
    view = await read_request(act.services, act.caller, number)
    line = _line_of(view, body.line)
    wanted = _as_changed(view, line, body, act.caller.id)

    async def build(connection: Connection) -> Resubmit:
        organisation, (_, present) = (
            (await kept_by(connection, number)).organisation,
            await in_force(connection),
        )
        with_present = replace(wanted, renewed=present.organisation)
        _, problems = await check_line(connection, act.caller, organisation, with_present)
        if problems:
            raise InvalidInput("the change does not fit the catalogue", problems=problems)
        return Resubmit(
            assertion=unsigned(),
            if_match=act.version,
            line=line.number,
            variables=await commands.store(connection, act.caller, body.variables),
            quantity=body.quantity,
            comment=await commands.words(connection, act.caller, body.comment),
        )

    return await act(number, Verb.RESUBMIT, "resubmit", body, build)


@router.post("/{number}/recall")
async def recall(number: RequestNumber, body: Returning, act: OrdererAction) -> dict[str, Any]:
    """Take a line back out of its approval, to change and resubmit it."""
    return await _send_back(number, body, act, Verb.RECALL, "recall", Recall)


@router.post("/{number}/return")
async def give_back(number: RequestNumber, body: Returning, act: WorkerAction) -> dict[str, Any]:
    """Give an approved line back to its requester; what was done for it is taken back first."""
    return await _send_back(number, body, act, Verb.RETURN, "give_back", GiveBack)


@router.post("/{number}/reschedule")
async def reschedule(number: RequestNumber, body: NewDate, act: OrdererAction) -> dict[str, Any]:
    """Move the effective date, to a day that an order could name; steps that wait for it are planned anew."""
    line = _line_of(await read_request(act.services, act.caller, number), body.line)

    async def build(connection: Connection) -> Reschedule:
        organisation = (await kept_by(connection, number)).organisation
        check_date(act.caller, organisation, organisation.catalog[line.item or ""], body.effective_at)
        return Reschedule(
            assertion=unsigned(), if_match=act.version, line=line.number, effective_at=body.effective_at
        )

    return await act(number, Verb.RESUBMIT, "reschedule", body, build, act="reschedule")


@router.post("/{number}/move")
async def move(number: RequestNumber, body: NewState, act: ReaderAction) -> dict[str, Any]:
    """Put a line into another state of its model, within the same phase; the model says who may: those who work
    on it, or also those who asked for it.
    """
    if not act.caller.may(Permission.WORK):
        act.caller.require(Permission.ORDER)
    line = _line_of(await read_request(act.services, act.caller, number), body.line)

    async def build(connection: Connection) -> Move:
        text = await commands.words(connection, act.caller, body.text)
        return Move(assertion=unsigned(), if_match=act.version, line=line.number, state=body.state, text=text)

    return await act(number, Verb.MOVE, "move", body, build)


@router.post("/{number}/survey")
async def answer_survey(number: RequestNumber, body: SurveyAnswer, act: OrdererAction) -> dict[str, Any]:
    """Answer the survey, once."""

    async def build(connection: Connection) -> AnswerSurvey:
        comment = await commands.words(connection, act.caller, body.comment)
        return AnswerSurvey(assertion=unsigned(), if_match=act.version, score=body.score, comment=comment)

    return await act(number, Verb.ANSWER_SURVEY, "answer_survey", body, build)


@router.post("/{number}/watch")
async def watch(number: RequestNumber, body: Watcher, act: OrdererAction) -> dict[str, Any]:
    """Watch the request, let somebody else watch it, or end that: your own watching and that of people whom you
    named, and anybody's if you asked for it or work on it.
    """

    async def build(connection: Connection) -> Watch:
        person = await commands.person_named(connection, body.person, act.caller.id, "/person")
        return Watch(assertion=unsigned(), if_match=act.version, person=person, add=body.watch)

    return await act(number, Verb.WATCH, "watch", body, build)


async def _send_back(
    number: str, body: Returning, act: Action, verb: Verb, name: str, kind: type[Recall] | type[GiveBack]
) -> dict[str, Any]:
    line = _line_of(await read_request(act.services, act.caller, number), body.line)

    async def build(connection: Connection) -> Recall | GiveBack:
        reason = await commands.words(connection, act.caller, body.reason)
        return kind(assertion=unsigned(), if_match=act.version, line=line.number, reason=reason)

    return await act(number, verb, name, body, build)


def _as_changed(view: RequestView, line: RecordView, body: Resubmission, caller: str) -> Wanted:
    """The line as an order would have it now, by the version that its process keeps."""
    quantity = body.quantity or line.quantity or 1
    ordered = ItemOrder(item=line.item or "", quantity=quantity, variables=body.variables)
    of_another = view.parent is not None or view.opened_by.id != caller
    return Wanted(ordered, line.caller.id, "", "/line", "/line", of_another=of_another)


def _line_of(view: RequestView, number: str | None) -> RecordView:
    if number is None and len(view.items) == 1:
        return view.items[0]
    for line in view.items:
        if line.number == number:
            return line
    known = ", ".join(line.number for line in view.items)
    raise InvalidInput(
        "name one line of this request", problems=[Problem("/line", f"must be one of {known}")]
    )
