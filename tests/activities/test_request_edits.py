"""What people change about a request: cancel, move, watch, comment, survey; who sees it then."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta

import pytest

from steadydesk.contracts.agenda import Answer, ErrandKind
from steadydesk.contracts.gate import GateState
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import RequestState, StepState
from steadydesk.contracts.request_commands import (
    ActOnTask,
    AnswerSurvey,
    Comment,
    Move,
    OutcomeKind,
    Reschedule,
    TaskAction,
    Watch,
)
from steadydesk.contracts.survey import SurveyState
from steadydesk.policies.assertion import unsigned
from steadydesk.records.directory_events import Author
from steadydesk.records.directory_groups import remove_member
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.journal import audit, journal
from steadydesk.records.tables.process import record, sight
from steadydesk.records.tables.voice import survey
from steadydesk.records.voice import one_survey_at_a_time
from tests.support.request_desk import Desk, refused
from tests.support.requests import NOW

DAY = timedelta(days=1)


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
    await desk.cancel(number)  # Once more changes nothing about what is under way, and is no news.
    await desk.cancel(number, done.number)
    rows = await desk.rows(audit, audit.c.event == "request.cancelled", audit.c.number == number)
    assert len(rows) == 1
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
    assert await refused(desk.cancel(number, "RITM0999999")) == "InvalidInput"
    assert second.is_open


async def test_a_closed_order_takes_no_more_commands(desk: Desk) -> None:
    number = await desk.order("simple")
    before = await desk.everything()
    assert await refused(desk.cancel(number)) == "RecordClosed"
    line = await desk.line(number)
    assert await refused(desk.resubmit(line, number, {})) == "RecordClosed"
    move = Move(assertion=unsigned(), line=line.number, state="delivery")
    assert await refused(desk.requests.record_state(desk.write(number, move, "ingo"))) == "RecordClosed"
    assert await refused(desk.comment(number)) == "RecordClosed"
    watch = Watch(assertion=unsigned(), person=desk.ids["ralf"])
    assert await refused(desk.requests.record_watcher(desk.write(number, watch, "ralf"))) == "RecordClosed"
    date = Reschedule(assertion=unsigned(), effective_at=NOW + DAY)
    assert (
        await refused(desk.requests.record_effective_date(desk.write(number, date, "rita"))) == "RecordClosed"
    )
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


async def watched(desk: Desk, number: str, whom: str, by: str, *, add: bool, **more: str) -> None:
    command = Watch(assertion=unsigned(), person=desk.ids[whom], add=add)
    await desk.requests.record_watcher(desk.write(number, command, by, **more))


@pytest.mark.parametrize(
    ("by", "acting_for"),
    [("ralf", None), ("ann", None), ("robot", "ann"), ("rita", None), ("ingo", None), ("ines", None)],
)
async def test_a_watcher_goes_by_their_own_hand_or_that_of_who_named_them_asked_or_works_on_it(
    desk: Desk, by: str, acting_for: str | None
) -> None:
    number = await desk.order("board-any")
    await watched(desk, number, "ralf", by="ann", add=True)
    await watched(
        desk, number, "ralf", by=by, add=False, **({"acting_for": acting_for} if acting_for else {})
    )
    assert (await desk.document(number)).watchers == []


@pytest.mark.parametrize("by", ["ben", "dan", "selma"])
async def test_others_who_see_it_do_not_end_the_watching(desk: Desk, by: str) -> None:
    """Ben is asked to approve, Dan and Selma only watch; Selma named Dan, which gives her no right over Ralf."""
    number = await desk.order("board-any")
    for whom, named_by in (("ralf", "rita"), ("selma", "selma"), ("dan", "selma")):
        await watched(desk, number, whom, by=named_by, add=True)
    ending = Watch(assertion=unsigned(), person=desk.ids["ralf"], add=False)
    assert await refused(desk.requests.record_watcher(desk.write(number, ending, by))) == "NotAllowed"
    assert desk.ids["ralf"] in (await desk.document(number)).watchers
    await watched(desk, number, "dan", by="selma", add=False)


async def test_the_model_says_whether_who_asked_may_move_it(desk: Desk) -> None:
    number = await desk.order("alone")
    line = (await desk.document(number)).lines[0]
    forth = Move(assertion=unsigned(), line=line.number, state="delivery")
    back = Move(assertion=unsigned(), line=line.number, state="fulfilment")
    assert await refused(desk.requests.record_state(desk.write(number, forth, "rita"))) == "NotAllowed"
    await desk.requests.record_state(desk.write(number, forth, "ingo"))
    await desk.requests.record_state(desk.write(number, back, "robot", acting_for="rita"))
    assert (await desk.document(number)).lines[0].state == "fulfilment"


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
    assert kinds == ["question", "work_note", "comment", "answer"]
    await desk.comment(number)
    last = [row.kind for row in await desk.rows(journal, journal.c.number == number)][-1]
    assert last == "comment", "nobody asked again"


async def test_questions_before_a_decision_say_who_asked_and_by_when(desk: Desk) -> None:
    number = await desk.order("board-any")
    why, because = await desk.words("Why?"), await desk.words("Here you are.")
    await desk.decide(f"{number}-G1", "ask", "ann", comment=why)
    command = Comment(assertion=unsigned(), text=because)
    await desk.requests.record_comment(desk.write(number, command, "rita"))
    told = {row.event: row.facts for row in await desk.rows(outbox, outbox.c.number == number)}
    assert datetime.fromisoformat(told["approval.requested"]["due"]) > NOW
    question, answer = told["approval.question"], told["task.answered"]
    assert (question["actor"], question["text"]) == (desk.ids["ann"], why.ref)
    assert datetime.fromisoformat(question["until"]) > NOW
    assert (answer["actor"], answer["text"]) == (desk.ids["rita"], because.ref)


async def test_a_survey_comes_after_the_reopen_window_and_a_low_score_opens_a_call_back(desk: Desk) -> None:
    number = await desk.surveyed()
    document = await desk.document(number)
    assert document.survey is SurveyState.SENT
    said = await desk.words("It came broken.")
    command = AnswerSurvey(assertion=unsigned(), score=2, comment=said)
    await desk.requests.record_survey_answer(desk.write(number, command, "rita"))
    document = await desk.document(number)
    assert document.call_back is not None
    assert document.call_back.group == "voices"
    [asked] = await desk.rows(outbox, outbox.c.number == number, outbox.c.event == "survey.requested")
    assert asked.facts["until"] is not None
    [told] = await desk.rows(outbox, outbox.c.number == number, outbox.c.event == "call-back.opened")
    assert told.facts == {"score": 2, "text": said.ref}
    [kept] = await desk.rows(journal, journal.c.number == number)
    assert (kept.kind, kept.author, kept.text) == ("comment", desk.ids["rita"], said.ref)
    again = desk.requests.record_survey_answer(desk.write(number, command, "rita"))
    assert await refused(again) == "InvalidTransition"
    answer = await desk.act(number, document.call_back.number, TaskAction.COMPLETE, by="carl")
    assert answer.agenda.closed
    assert (await desk.document(number)).call_back is not None


async def test_a_restricted_order_is_called_back_by_its_own_groups(desk: Desk) -> None:
    number = await desk.surveyed("surveyed-case")
    command = AnswerSurvey(assertion=unsigned(), score=1)
    await desk.requests.record_survey_answer(desk.write(number, command, "rita"))
    task = (await desk.document(number)).call_back
    assert task is not None
    assert task.group == "confidants"
    assert not await desk.rows(sight, sight.c.number == number, sight.c.subject == "g:voices")
    [told] = await desk.rows(outbox, outbox.c.number == number, outbox.c.event == "call-back.opened")
    assert told.audience == ["g:confidants"]


async def test_who_leaves_its_groups_watches_a_restricted_record_no_longer(desk: Desk) -> None:
    """Also a closed one; back in a group they can watch it again."""
    await desk.join("selma", "confidants")
    await desk.join("selma", "voices")
    number, plain = await desk.order("confidential"), await desk.order("board-any")
    watch = Watch(assertion=unsigned(), person=desk.ids["selma"])

    async def watched() -> list[str]:
        ours = sight.c.number.in_([number, plain]) & (sight.c.subject == f"p:{desk.ids['selma']}")
        return sorted(row.number for row in await desk.rows(sight, ours) if row.until is None)

    for each in (number, plain):
        await desk.requests.record_watcher(desk.write(each, watch, "rita"))
    author = Author(desk.ids["root"], desk.now)
    async with desk.engine.begin() as connection:
        await remove_member(connection, "voices", desk.ids["selma"], author)
    assert await watched() == sorted([number, plain])
    async with desk.engine.begin() as connection:
        await remove_member(connection, "confidants", desk.ids["selma"], author)
    assert await watched() == [plain]
    await desk.join("selma", "confidants")
    await desk.requests.record_watcher(desk.write(number, watch, "rita"))
    assert await watched() == sorted([number, plain])


async def test_a_closed_order_that_waits_for_its_survey_takes_its_answer_alone(desk: Desk) -> None:
    number = await desk.surveyed()
    assert await refused(desk.comment(number)) == "RecordClosed"
    watch = Watch(assertion=unsigned(), person=desk.ids["ralf"])
    assert await refused(desk.requests.record_watcher(desk.write(number, watch, "ralf"))) == "RecordClosed"
    answer = AnswerSurvey(assertion=unsigned(), score=5)
    assert (await desk.requests.record_survey_answer(desk.write(number, answer, "rita"))).agenda.closed


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


async def test_of_two_orders_that_closed_within_the_window_one_asks(desk: Desk) -> None:
    async with desk.engine.begin() as connection:
        await connection.execute(survey.delete())
    both = [await desk.order("surveyed") for _ in range(2)]
    agendas = [await desk.agenda(number) for number in both]
    assert [(await desk.document(number)).survey for number in both] == [SurveyState.WAITING] * 2
    answers = [await desk.ring_next(agenda, number) for agenda, number in zip(agendas, both, strict=True)]
    assert [(await desk.document(number)).survey for number in both] == [SurveyState.SENT, SurveyState.NONE]
    assert [answer.agenda.closed for answer in answers] == [False, True]


async def test_two_surveys_of_the_same_moment_are_one(desk: Desk) -> None:
    async with desk.engine.begin() as connection:
        await connection.execute(survey.delete())
    number = await desk.order("surveyed")
    agenda = await desk.agenda(number)
    async with desk.engine.begin() as connection:
        await one_survey_at_a_time(connection, desk.ids["rita"])
        ringing = asyncio.create_task(desk.ring_next(agenda, number))
        assert not (await asyncio.wait({ringing}, timeout=0.5))[0]
        sent = {"person": desk.ids["rita"], "state": "sent", "sent_at": desk.now}
        await connection.execute(survey.insert().values(number="REQ0999998", **sent))
    await ringing
    assert (await desk.document(number)).survey is SurveyState.NONE


async def test_the_agenda_of_a_child_request_is_to_tell_its_parent(desk: Desk) -> None:
    number = await desk.order("simple", parent="REQ0999999", parent_step="child")
    answer = await desk.agenda(number)
    [errand] = answer.agenda.errands
    assert errand.kind is ErrandKind.TELL
    answer = await desk.report(number, errand.key, OutcomeKind.DONE)
    assert answer.agenda.closed


@pytest.mark.parametrize(
    ("by", "opened_by", "acting_for", "answers"),
    [("robot", "rita", "rita", True), ("robot", "rita", "ann", False), ("solo", "solo", "ann", False)],
)
async def test_a_comment_answers_by_the_right_of_whom_it_is_said_for(
    desk: Desk, by: str, opened_by: str, acting_for: str, *, answers: bool
) -> None:
    """Also where the account that says it has ordered itself."""
    number = await desk.order("board-any", by=opened_by)
    gate = f"{number}-G1"
    await desk.decide(gate, "ask", "ann", comment=await desk.words("Why?", "ann"))
    said = Comment(assertion=unsigned(), text=await desk.words("Because.", by))
    await desk.requests.record_comment(desk.write(number, said, by, acting_for=acting_for))
    assert ((await desk.gate(gate)).question is None) is answers


@pytest.mark.parametrize(("by", "acting_for"), [("robot", "ida"), ("ingo", "ida")])
async def test_a_task_is_of_whom_it_is_begun_for(desk: Desk, by: str, acting_for: str) -> None:
    number = await desk.order("by-hand")
    task = (await desk.task(number, "one")).number
    begin = ActOnTask(assertion=unsigned(), task=task, action=TaskAction.START)
    await desk.tasks.record_task_action(desk.write(number, begin, by, acting_for=acting_for))
    assert (await desk.task(number, "one")).assigned_to == desk.ids["ida"]


async def test_no_task_is_done_in_the_name_of_somebody_outside_of_its_group(desk: Desk) -> None:
    """Also not by an account that is in it."""
    number = await desk.order("by-hand")
    task = (await desk.task(number, "one")).number
    done = ActOnTask(assertion=unsigned(), task=task, action=TaskAction.COMPLETE)
    for by in ("ingo", "robot"):
        write = desk.write(number, done, by, acting_for="ralf")
        assert await refused(desk.tasks.record_task_action(write)) == "NotAllowed"
    assert (await desk.task(number, "one")).is_open
