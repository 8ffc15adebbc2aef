"""What people change about a request: cancel, move, watch, comment, survey; who sees it then."""

from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta

import pytest

from steadydesk.contracts.agenda import Answer, ErrandKind
from steadydesk.contracts.gate import GateState
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import RequestState, StepState, SurveyState
from steadydesk.contracts.request_commands import (
    AnswerSurvey,
    Comment,
    Move,
    OutcomeKind,
    TaskAction,
    Watch,
)
from steadydesk.policies.assertion import unsigned
from steadydesk.records.tables.journal import journal
from steadydesk.records.tables.process import record, sight
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import Desk, refused, request_desk
from tests.support.requests import NOW

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
async def module_desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    async with request_desk(postgres, "activities_edits", catalogue()) as desk:
        yield desk


@pytest.fixture
async def desk(module_desk: Desk) -> Desk:
    await module_desk.as_at_first()
    return module_desk


async def test_a_cancelled_order_stops_undoes_and_closes(desk: Desk) -> None:
    number = await desk.order("by-hand", "board-any")
    await desk.act(number, (await desk.task(number, "one")).number, TaskAction.COMPLETE)
    await desk.cancel(number)
    document = await desk.document(number)
    done, waiting = document.lines
    assert waiting.phase is Phase.CANCELLED
    assert document.gates[f"{number}-G1"].state is GateState.CANCELLED
    assert done.phase is Phase.UNDOING
    assert done.steps["two"].state is StepState.STOPPED
    undo = done.steps["one"].undo_task
    assert undo is not None
    await desk.cancel(number)  # Once more changes nothing about what is under way.
    await desk.act(number, undo.number, TaskAction.COMPLETE)
    document = await desk.document(number)
    assert document.state is RequestState.CANCELLED
    assert {line.phase for line in document.lines} == {Phase.CANCELLED}


async def test_one_line_can_be_cancelled_alone(desk: Desk) -> None:
    number = await desk.order("alone", "alone")
    first, second = (await desk.document(number)).lines
    await desk.cancel(number, first.number)
    document = await desk.document(number)
    assert [line.phase for line in document.lines] == [Phase.CANCELLED, Phase.FULFILMENT]
    assert document.state is RequestState.IN_PROCESS
    assert await refused(desk.cancel(number, first.number)) == "RecordClosed"
    assert await refused(desk.cancel(number, "RITM0999999")) == "UnknownRecord"
    assert second.is_open


async def test_a_closed_order_takes_no_more_commands(desk: Desk) -> None:
    number = await desk.order("simple")
    before = await desk.everything()
    assert await refused(desk.cancel(number)) == "RecordClosed"
    line = await desk.line(number)
    assert await refused(desk.resubmit(line, number, {})) == "RecordClosed"
    move = Move(assertion=unsigned(), line=line.number, state="delivery")
    assert await refused(desk.requests.record_state(desk.write(number, move, "ingo"))) == "RecordClosed"
    rows = {key: rows for key, rows in (await desk.everything()).items() if key != "text_body"}
    assert rows == {key: rows for key, rows in before.items() if key != "text_body"}


async def test_a_line_moves_only_within_its_phase(desk: Desk) -> None:
    number = await desk.order("by-hand")
    line = (await desk.line(number)).number

    def to(state: str) -> Awaitable[Answer]:
        write = desk.write(number, Move(assertion=unsigned(), line=line, state=state), "ingo")
        return desk.requests.record_state(write)

    assert await refused(to("pending")) == "InvalidTransition"
    assert await refused(to("nowhere")) == "InvalidTransition"
    await to("delivery")
    assert (await desk.line(number)).state == "delivery"
    assert await refused(to("delivery")) == "InvalidTransition"


async def test_a_watcher_sees_and_hears(desk: Desk) -> None:
    number = await desk.order("by-hand")
    for add in (True, True, False):
        command = Watch(assertion=unsigned(), person=desk.ids["ralf"], add=add)
        await desk.requests.record_watcher(desk.write(number, command, "ralf"))
        assert (await desk.document(number)).watchers == ([desk.ids["ralf"]] if add else [])


async def test_a_restricted_record_is_seen_by_its_groups_and_requester_alone(desk: Desk) -> None:
    number = await desk.order("confidential")
    subjects = {row.subject for row in await desk.rows(sight, sight.c.number == number)}
    board = {f"p:{desk.ids[name]}" for name in ("ann", "ben", "cem")}
    assert subjects == {f"p:{desk.ids['rita']}", "g:confidants", *board}
    rows = await desk.rows(record, record.c.owner == number)
    assert all(row.restricted for row in rows)


async def test_a_silent_order_is_seen_and_told_only_when_its_hour_has_come(desk: Desk) -> None:
    number = await desk.order("silent", requested_for="ralf", variables={"day": "2026-03-10"})
    rows = await desk.rows(sight, sight.c.number == number)
    [his] = [row for row in rows if row.subject == f"p:{desk.ids['ralf']}"]
    document = await desk.document(number)
    assert document.silent_until is not None
    assert his.begins_at == document.silent_until
    assert document.customers(NOW) == [f"p:{desk.ids['rita']}"]
    assert f"p:{desk.ids['ralf']}" in document.customers(document.silent_until)


async def test_a_work_note_is_no_answer_and_a_comment_is(desk: Desk) -> None:
    number = await desk.order("board-any")
    await desk.decide(f"{number}-G1", "ask", "ann", comment=await desk.words("Why?"))
    note = Comment(assertion=unsigned(), text=await desk.words("Hm."), kind="work_note")
    await desk.requests.record_comment(desk.write(number, note, "rita"))
    await desk.comment(number, by="ann")
    assert (await desk.gate(f"{number}-G1")).question is not None
    await desk.comment(number)
    assert (await desk.gate(f"{number}-G1")).question is None
    kinds = [row.kind for row in await desk.rows(journal, journal.c.number == number)]
    assert kinds == ["question", "work_note", "comment", "comment"]


async def test_a_survey_comes_after_the_reopen_window_and_a_low_score_opens_a_call_back(desk: Desk) -> None:
    number = await desk.surveyed()
    document = await desk.document(number)
    assert document.survey is SurveyState.SENT
    command = AnswerSurvey(assertion=unsigned(), score=2)
    await desk.requests.record_survey_answer(desk.write(number, command, "rita"))
    document = await desk.document(number)
    assert document.call_back is not None
    assert document.call_back.group == "voices"
    again = desk.requests.record_survey_answer(desk.write(number, command, "rita"))
    assert await refused(again) == "InvalidTransition"
    answer = await desk.act(number, document.call_back.number, TaskAction.COMPLETE, by="carl")
    assert answer.agenda.closed
    assert (await desk.document(number)).call_back is not None


async def test_an_unanswered_survey_ends_by_itself_and_nobody_is_asked_too_often(desk: Desk) -> None:
    number = await desk.surveyed()
    answer = await desk.ring_next(await desk.agenda(number), number)
    assert answer.agenda.closed
    assert (await desk.document(number)).survey is SurveyState.ENDED
    again = await desk.order("surveyed")
    assert (await desk.document(again)).survey is SurveyState.NONE
    cancelled = await desk.order("board-any")
    await desk.cancel(cancelled)
    assert (await desk.document(cancelled)).survey is SurveyState.NONE


async def test_the_agenda_of_a_child_request_is_to_tell_its_parent(desk: Desk) -> None:
    number = await desk.order("simple", parent="REQ0999999", parent_step="child")
    answer = await desk.agenda(number)
    [errand] = answer.agenda.errands
    assert errand.kind is ErrandKind.TELL
    answer = await desk.report(number, errand.key, OutcomeKind.DONE)
    assert answer.agenda.closed
