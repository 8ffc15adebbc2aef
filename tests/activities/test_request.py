"""The record writes of a request: each twice, and a repeat changes nothing; refusals are typed and leave no trace."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from activities.approval import ApprovalActivities
from activities.clock import ClockActivities
from activities.plan import PlanActivities
from activities.request import RequestActivities
from activities.task import TaskActivities
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import RequestState
from steadydesk.contracts.request_commands import (
    ActOnTask,
    AnswerSurvey,
    Cancel,
    ChangeApprovers,
    Comment,
    ErrandOutcome,
    GiveBack,
    Move,
    Open,
    OutcomeKind,
    Recall,
    Reschedule,
    Resubmit,
    TaskAction,
    TellRequest,
    Watch,
)
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.audit import GENESIS, seal
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import record, reservation, sight
from steadydesk.records.tables.text import text_body
from tests.support.request_desk import Desk, refused
from tests.support.requests import NOW

DAY = timedelta(days=1)


Once = Callable[[], Awaitable[Answer]]


async def opening(desk: Desk) -> Once:
    number = await desk.reserve("by-hand", variables={"secret": "words"})
    write = desk.write(number, Open(assertion=unsigned()), "rita", step="u:open")
    return lambda: desk.requests.open_request(write)


async def taking_up(desk: Desk) -> Once:
    tick = desk.tick(await desk.order("by-hand"))
    return lambda: desk.requests.take_up_request(tick)


async def cancelling(desk: Desk) -> Once:
    command = Cancel(assertion=unsigned(), reason=await desk.words("I changed my mind."))
    write = desk.write(await desk.order("board-any"), command, "rita")
    return lambda: desk.requests.record_cancellation(write)


async def commenting(desk: Desk) -> Once:
    command = Comment(assertion=unsigned(), text=await desk.words("Please hurry."))
    write = desk.write(await desk.order("by-hand"), command, "rita")
    return lambda: desk.requests.record_comment(write)


async def watching(desk: Desk) -> Once:
    command = Watch(assertion=unsigned(), person=desk.ids["ralf"])
    write = desk.write(await desk.order("by-hand"), command, "rita")
    return lambda: desk.requests.record_watcher(write)


async def moving(desk: Desk) -> Once:
    number = await desk.order("by-hand")
    line = (await desk.line(number)).number
    write = desk.write(number, Move(assertion=unsigned(), line=line, state="delivery"), "ingo")
    return lambda: desk.requests.record_state(write)


async def rescheduling(desk: Desk) -> Once:
    number = await desk.order("waiting", variables={"day": "2026-03-10"})
    line = (await desk.line(number)).number
    command = Reschedule(assertion=unsigned(), line=line, effective_at=NOW + 20 * DAY)
    write = desk.write(number, command, "rita")
    return lambda: desk.requests.record_effective_date(write)


async def voting(desk: Desk) -> Once:
    write = desk.vote(f"{await desk.order('board-all')}-G1", "approved", "ann")
    return lambda: desk.approvals.record_decision(write)


async def signalling(desk: Desk) -> Once:
    write = desk.vote(f"{await desk.order('board-all')}-G1", "approved", "ann", by_signal=True)
    return lambda: desk.approvals.record_signalled_decision(write)


async def acting(desk: Desk) -> Once:
    number = await desk.order("by-hand")
    task = (await desk.task(number, "one")).number
    command = ActOnTask(assertion=unsigned(), task=task, action=TaskAction.COMPLETE)
    write = desk.write(number, command, "ingo")
    return lambda: desk.tasks.record_task_action(write)


async def ringing(desk: Desk) -> Once:
    number = await desk.order("board-any")
    desk.now = NOW + timedelta(hours=9)
    tick = desk.tick(number)
    return lambda: desk.clock.ring_alarms(tick)


async def ending_an_errand(desk: Desk) -> Once:
    number = await desk.order("automated")
    line = await desk.line(number)
    outcome = ErrandOutcome(kind=OutcomeKind.DONE, outputs=await desk.words({"id": "7"}))
    tick = desk.tick(number, errand=f"{line.number}:one:1", outcome=outcome)
    return lambda: desk.plan.record_outcome(tick)


async def hearing(desk: Desk) -> Once:
    number = await desk.order("board-any")
    body = {"assertion": unsigned(), "event": "person_left", "subject": desk.ids["ann"]}
    write = desk.write(number, TellRequest.model_validate(body), "service")
    return lambda: desk.requests.record_message(write)


async def adding(desk: Desk) -> Once:
    number = await desk.order("board-any")
    command = ChangeApprovers(assertion=unsigned(), gate=f"{number}-G1", add=desk.ids["dan"])
    write = desk.write(number, command, "otto")
    return lambda: desk.approvals.record_approver(write)


async def resubmitting(desk: Desk) -> Once:
    number = await desk.order("two-stages", variables={"a": 1})
    line = (await desk.line(number)).number
    command = Resubmit(assertion=unsigned(), line=line, variables=await desk.words({"a": 2}))
    write = desk.write(number, command, "rita")
    return lambda: desk.requests.record_resubmission(write)


async def recalling(desk: Desk) -> Once:
    number = await desk.order("two-stages", variables={"a": 1})
    reason = await desk.words("The amount was wrong.")
    command = Recall(assertion=unsigned(), line=(await desk.line(number)).number, reason=reason)
    write = desk.write(number, command, "rita")
    return lambda: desk.requests.record_recall(write)


async def giving_back(desk: Desk) -> Once:
    number = await desk.order("by-hand")
    command = GiveBack(assertion=unsigned(), line=(await desk.line(number)).number)
    write = desk.write(number, command, "ingo")
    return lambda: desk.requests.record_return(write)


async def answering_a_survey(desk: Desk) -> Once:
    number = await desk.surveyed()
    command = AnswerSurvey(assertion=unsigned(), score=1, comment=await desk.words("Too slow."))
    write = desk.write(number, command, "rita")
    return lambda: desk.requests.record_survey_answer(write)


WRITES = [
    opening,
    taking_up,
    cancelling,
    commenting,
    watching,
    moving,
    rescheduling,
    voting,
    signalling,
    acting,
    ringing,
    ending_an_errand,
    hearing,
    adding,
    resubmitting,
    recalling,
    giving_back,
    answering_a_survey,
]


@pytest.mark.parametrize("prepare", WRITES, ids=lambda prepare: prepare.__name__)
async def test_a_repeat_of_a_write_changes_nothing(
    desk: Desk, prepare: Callable[[Desk], Awaitable[Once]]
) -> None:
    write = await prepare(desk)
    before = await desk.everything()
    first = await write()
    after = await desk.everything()
    assert after != before
    desk.now += DAY
    assert await write() == first
    assert await desk.everything() == after


async def test_a_repeat_says_the_same_and_owes_what_is_owed_now(desk: Desk) -> None:
    number = await desk.reserve("board-any")
    opening = desk.write(number, Open(assertion=unsigned()), "rita", step="u:open")
    first = await desk.requests.open_request(opening)
    vote = desk.vote(f"{number}-G1", "approved", "ann")
    decided = await desk.approvals.record_decision(vote)
    again = await desk.requests.open_request(opening)
    assert again.said == first.said
    assert again.agenda == (await desk.approvals.record_decision(vote)).agenda == decided.agenda
    assert again.agenda.version > first.agenda.version


def test_every_write_is_repeated_above() -> None:
    """One for each activity that writes a request's record."""
    kinds = (RequestActivities, ApprovalActivities, TaskActivities, ClockActivities, PlanActivities)
    defined = [
        name
        for kind in kinds
        for name in vars(kind)
        if hasattr(getattr(kind, name), "__temporal_activity_definition")
    ]
    assert len(WRITES) == len(defined)


async def test_an_order_is_written_with_everything_that_shows_it(desk: Desk) -> None:
    number = await desk.order("by-hand", variables={"reason": "I need it"}, requested_for="ralf")
    document = await desk.document(number)
    assert document.state is RequestState.IN_PROCESS
    assert document.opened_by == desk.ids["rita"]
    assert document.lines[0].requested_for == desk.ids["ralf"]
    rows = {row.number: row for row in await desk.rows(record, record.c.owner == number)}
    task = await desk.task(number, "one")
    assert rows.keys() == {number, document.lines[0].number, task.number}
    assert rows[task.number].due_at == NOW + timedelta(hours=8)
    seen = {(row.subject, row.why) for row in await desk.rows(sight, sight.c.number == number)}
    assert seen == {
        (f"p:{desk.ids['rita']}", "requester"),
        (f"p:{desk.ids['ralf']}", "requested_for"),
        ("g:desk", "fulfilment_group"),
        ("f:it", "process_owner"),
    }
    [reserved] = await desk.rows(reservation, reservation.c.number == number)
    assert reserved.opened_at == NOW
    texts = await desk.rows(text_body, text_body.c.ref == document.lines[0].variables.ref)
    assert texts[0].number == number
    assert await desk.events(number) == ["request.opened", "task.opened"]


@pytest.mark.parametrize(
    ("items", "named"),
    [
        (["simple", "by-hand"], {"item": {"en": "Item, Item"}}),
        (["confidential"], {}),
    ],
)
async def test_that_an_order_was_received_names_its_items_unless_only_some_may_know(
    desk: Desk, items: list[str], named: dict[str, object]
) -> None:
    number = await desk.order(*items)
    [told] = await desk.rows(outbox, outbox.c.event == "request.opened", outbox.c.number == number)
    assert told.facts == named


async def test_what_was_never_reserved_is_refused(desk: Desk) -> None:
    before = await desk.everything()
    write = desk.write("REQ0999999", Open(assertion=unsigned()), "rita", step="u:open")
    assert await refused(desk.requests.open_request(write)) == "UnknownRecord"
    assert await desk.everything() == before


async def test_the_chain_of_a_record_is_sealed_row_by_row(desk: Desk) -> None:
    number = await desk.order("board-any", variables={"pin": "1234567"})
    await desk.comment(number, "my secret words")
    await desk.decide(f"{number}-G1", "approved", "ann")
    rows = sorted(await desk.rows(audit, audit.c.number == number), key=lambda row: row.position)
    previous = GENESIS
    for position, row in enumerate(rows, start=1):
        columns = ("event", "actor", "acting_for", "method", "at", "subject", "facts", "configuration")
        facts: dict[str, Any] = {name: getattr(row, name) for name in columns}
        assert row.previous == previous
        assert row.hash == seal(previous, number=number, position=position, **facts)
        previous = row.hash
    document = await desk.document(number)
    assert (document.audit_position, document.audit_head) == (len(rows), previous)
    assert "1234567" not in str(rows)
    assert "my secret words" not in str(rows)


async def test_a_stale_version_is_refused_and_the_right_one_taken(desk: Desk) -> None:
    number = await desk.order("by-hand")
    version = (await desk.document(number)).version
    text = await desk.words("Hello")
    for if_match, expected in ((version - 1, "StaleVersion"), (version, None)):
        command = Comment(assertion=unsigned(), text=text, if_match=if_match)
        write = desk.write(number, command, "rita")
        if expected:
            assert await refused(desk.requests.record_comment(write)) == expected
        else:
            assert (await desk.requests.record_comment(write)).agenda.version == version + 1


async def test_two_writes_at_once_are_one_after_the_other(desk: Desk) -> None:
    number = await desk.order("board-all")
    version = (await desk.document(number)).version
    votes = [desk.decide(f"{number}-G1", "approved", name) for name in ("ann", "ben", "cem")]
    answers = await asyncio.gather(*votes)
    assert sorted(answer.agenda.version for answer in answers) == [version + 1, version + 2, version + 3]
    assert (await desk.line(number)).phase is Phase.COMPLETE


async def test_time_never_steps_back_in_a_record(desk: Desk) -> None:
    """The clocks of two servers may differ; the record's own time does not."""
    number = await desk.order("by-hand")
    desk.now = NOW - timedelta(seconds=2)
    await desk.act(number, (await desk.task(number, "one")).number, TaskAction.ASK)
    document = await desk.document(number)
    assert document.updated_at == NOW
    assert document.lines[0].clock.changed_at == NOW


async def test_the_audit_says_how_and_for_whom_an_order_was_opened(desk: Desk) -> None:
    number = await desk.reserve("by-hand", by="rita")
    opened = desk.write(number, Open(assertion=unsigned()), "robot", step="u:open", acting_for="rita")
    await desk.requests.open_request(opened)
    rows = await desk.rows(audit, audit.c.number == number)
    assert {(row.actor, row.acting_for, row.method) for row in rows} == {
        (desk.ids["robot"], desk.ids["rita"], "token")
    }
    assert (await desk.document(number)).opened_by == desk.ids["rita"]
