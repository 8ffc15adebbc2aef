"""What a request does when a date has come, with the business calendar: reminders, expiry, escalation, breaches."""

from datetime import UTC, datetime, timedelta

import pytest

from activities import clock
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.gate import GateState
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import StepState
from steadydesk.contracts.request_commands import Reschedule, TaskAction
from steadydesk.policies.alarms import AlarmKind
from steadydesk.policies.assertion import unsigned
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.process import record, sight
from tests.support.request_desk import Desk, refused
from tests.support.requests import NOW

HOUR = timedelta(hours=1)


async def ring_until(desk: Desk, number: str, until: datetime) -> list[datetime]:
    """Ring alarm after alarm, each on its date; the dates. More than a hundred would be a spin."""
    rung: list[datetime] = []
    answer = await desk.agenda(number)
    for _ in range(100):
        if answer.agenda.alarm is None or answer.agenda.alarm.at > until:
            return rung
        answer = await desk.ring_next(answer, number)
        rung.append(desk.now)
    raise AssertionError("it spins")


async def told(desk: Desk, number: str, event: str) -> list[list[str]]:
    """Whom each message of this event goes to, by user name or subject."""
    rows = await desk.rows(outbox, outbox.c.number == number, outbox.c.event == event)
    by_id = {f"p:{identity}": name for name, identity in desk.ids.items()}
    rows.sort(key=lambda row: row.seq)
    return [sorted(str(by_id.get(each, each)) for each in row.audience) for row in rows]


def test_every_date_does_something() -> None:
    assert set(clock._RINGS) == set(AlarmKind)


async def test_a_gate_reminds_on_business_time_and_then_expires(desk: Desk) -> None:
    """Sixteen hours from Monday ten o'clock in Berlin, where the office is open from eight to four."""
    number = await desk.order("office")
    rung = await ring_until(desk, number, NOW + timedelta(days=7))
    assert rung == [
        datetime(2026, 3, 3, 9, tzinfo=UTC),  # 50 %: six hours on Monday, two on Tuesday
        datetime(2026, 3, 3, 13, tzinfo=UTC),  # 75 %
        datetime(2026, 3, 3, 15, tzinfo=UTC),  # 75 % of the promise, which counts around the clock
        datetime(2026, 3, 4, 1, tzinfo=UTC),  # 100 % of it
        datetime(2026, 3, 4, 9, tzinfo=UTC),  # 100 %
    ]
    assert (await desk.line(number)).phase is Phase.REJECTED
    assert await told(desk, number, "approval.reminder") == [["ann", "ben", "cem"]] * 2
    assert (await desk.gate(f"{number}-G1")).reason == "expired"
    assert await told(desk, number, "approval.expired") == [["ann", "ben", "cem", "rita"]]


async def test_only_those_are_reminded_who_have_not_voted(desk: Desk) -> None:
    number = await desk.order("board-all")
    await desk.decide(f"{number}-G1", "approved", "ben")
    await desk.ring_next(await desk.agenda(number), number)
    assert await told(desk, number, "approval.reminder") == [["ann", "cem"]]


@pytest.mark.parametrize(
    ("item", "state", "phase"),
    [
        ("board-any", GateState.REJECTED, Phase.REJECTED),
        ("cancelling", GateState.CANCELLED, Phase.CANCELLED),
        ("approving", GateState.APPROVED, Phase.COMPLETE),
    ],
)
async def test_how_an_expired_gate_ends(desk: Desk, item: str, state: GateState, phase: Phase) -> None:
    number = await desk.order(item)
    await ring_until(desk, number, NOW + timedelta(days=3))
    assert (await desk.gate(f"{number}-G1")).state is state
    assert (await desk.line(number)).phase is phase
    assert await refused(desk.decide(f"{number}-G1", "approved", "ann")) == "GateClosed"


async def test_an_escalation_asks_one_level_up_then_the_fallback_and_then_ends(desk: Desk) -> None:
    number = await desk.order("escalating")
    gate = f"{number}-G1"
    asked = [await desk.asked(gate)]
    for _ in range(2):
        await ring_until(desk, number, desk.now + 8 * HOUR)
        asked.append(await desk.asked(gate))
    assert asked[0] == ["ann"]
    assert asked[1] == ["ann", "mona"]
    assert set(asked[2]) > {"ann", "mona"}
    assert (await desk.gate(gate)).escalations == 2
    await ring_until(desk, number, desk.now + 8 * HOUR)
    assert (await desk.gate(gate)).state is GateState.REJECTED
    assert desk.now == NOW + 24 * HOUR


async def test_who_was_asked_first_may_still_decide_after_an_escalation(desk: Desk) -> None:
    number = await desk.order("escalating")
    await ring_until(desk, number, NOW + 8 * HOUR)
    await desk.decide(f"{number}-G1", "approved", "ann")
    assert (await desk.line(number)).phase is Phase.COMPLETE


async def test_the_promise_warns_the_group_and_a_breach_tells_its_manager(desk: Desk) -> None:
    number = await desk.order("alone")
    line = await desk.line(number)
    assert line.expected_at == datetime(2026, 3, 4, 9, tzinfo=UTC)
    await ring_until(desk, number, NOW + timedelta(days=2))
    assert await told(desk, number, "clock.warning") == [["g:desk"]]
    assert await told(desk, number, "clock.breached") == [["ines"]]
    assert await told(desk, number, "request.expected-date-changed") == [["rita"]]
    line = await desk.line(number)
    assert line.clock.has_breached
    assert line.expected_at == datetime(2026, 3, 5, 9, tzinfo=UTC)
    [row] = await desk.rows(record, record.c.number == line.number)
    assert row.late
    seen = {row.subject for row in await desk.rows(sight, sight.c.number == number)}
    assert f"p:{desk.ids['ines']}" in seen


async def test_a_returned_line_has_no_promise_to_break_but_an_end(desk: Desk) -> None:
    number = await desk.order("two-stages")
    await desk.decide(f"{number}-G1", "rejected", "ann")
    assert (await desk.agenda(number)).agenda.facets.waiting_for == "resubmission"
    rung = await ring_until(desk, number, NOW + timedelta(days=90))
    assert len(rung) == 2
    assert await told(desk, number, "request.returned") == [["rita"]] * 2
    line = await desk.line(number)
    assert (line.phase, line.closed_at) == (Phase.REJECTED, rung[-1])
    assert not line.clock.has_breached


async def test_a_task_past_its_due_date_goes_to_the_manager_then_to_the_owners_and_stays(desk: Desk) -> None:
    number = await desk.order("by-hand")
    rung = await ring_until(desk, number, NOW + 100 * HOUR)
    assert rung.count(NOW + 8 * HOUR) == 1
    task = await desk.task(number, "one")
    assert task.overdue
    assert task.is_open
    assert await told(desk, number, "task.reminder") == [["g:desk", "ines"], ["f:it", "g:desk"]]
    assert rung.count(NOW + 16 * HOUR) == 1


async def test_everything_due_rings_at_once_after_a_long_absence(desk: Desk) -> None:
    """The workflow was not run for a month: one write, in the order of the dates, and nothing is left over."""
    number = await desk.order("escalating")
    desk.now = NOW + timedelta(days=30)
    answer = await desk.ring(number)
    assert (await desk.gate(f"{number}-G1")).is_open
    assert (await desk.gate(f"{number}-G1")).escalations == 1
    assert answer.agenda.alarm is not None
    assert answer.agenda.alarm.at > desk.now
    assert (await desk.line(number)).clock.has_breached


async def test_an_alarm_that_a_command_has_overtaken_does_nothing(desk: Desk) -> None:
    number = await desk.order("board-any")
    alarm = (await desk.agenda(number)).agenda.alarm
    assert alarm is not None
    await desk.decide(f"{number}-G1", "approved", "ann")
    desk.now = alarm.at
    before = await desk.document(number)
    after = await desk.ring(number)
    assert after.agenda.closed
    assert (await desk.document(number)).lines == before.lines


async def test_a_step_wakes_on_its_date_in_the_zone_of_its_calendar(desk: Desk) -> None:
    number = await desk.order("waiting", variables={"day": "2026-03-30"})
    line = await desk.line(number)
    # Midnight in Berlin, which has summer time by then.
    assert line.steps["date"].wake_at == datetime(2026, 3, 29, 22, tzinfo=UTC)
    await ring_until(desk, number, datetime(2026, 3, 29, 22, tzinfo=UTC))
    line = await desk.line(number)
    assert line.steps["date"].state is StepState.DONE
    assert line.steps["then"].state is StepState.OPEN


async def test_a_moved_date_re_plans_the_steps_that_wait_for_it(desk: Desk) -> None:
    number = await desk.order("waiting", variables={"day": "2026-03-30"})
    for day, awake in ((20, False), (1, True)):
        line = (await desk.line(number)).number
        moved = Reschedule(
            assertion=unsigned(), line=line, effective_at=datetime(2026, 3, day, 7, tzinfo=UTC)
        )
        await desk.requests.record_effective_date(desk.write(number, moved, "rita"))
        run = (await desk.line(number)).steps["date"]
        assert (run.state is StepState.DONE) == awake
        assert awake or run.wake_at == moved.effective_at
    assert (await desk.line(number)).steps["then"].task is not None
    assert (await desk.events(number)).count("request.expected-date-changed") == 2


async def test_what_has_no_effective_date_is_not_moved(desk: Desk) -> None:
    number = await desk.order("alone")
    moved = Reschedule(assertion=unsigned(), line=(await desk.line(number)).number, effective_at=NOW)
    assert (
        await refused(desk.requests.record_effective_date(desk.write(number, moved, "rita")))
        == "InvalidInput"
    )


async def test_a_wait_without_a_readable_date_fails_its_step(desk: Desk) -> None:
    number = await desk.order("waiting", variables={})
    line = await desk.line(number)
    assert line.steps["date"].problem == "NoDate"
    assert line.phase is Phase.INCOMPLETE


async def test_alarms_of_a_whole_life_never_spin(desk: Desk) -> None:
    """Ten years of alarms of requests that nobody touches come to an end or to a rest."""
    numbers = [
        await desk.order(item) for item in ("board-any", "escalating", "by-hand", "two-stages", "alone")
    ]
    await desk.act(numbers[2], (await desk.task(numbers[2], "one")).number, TaskAction.ASK)
    for number in numbers:
        desk.now = NOW
        rung = await ring_until(desk, number, NOW + timedelta(days=3650))
        assert len(rung) < 15
        answer: Answer = await desk.agenda(number)
        assert answer.agenda.closed or answer.agenda.alarm is None
