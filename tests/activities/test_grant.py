from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.exceptions import ApplicationError

from activities.grant import GrantActivities
from activities.registry import GRANTS
from activities.transition import Transitions
from steadydesk.contracts.agenda import Answer, ErrandKind
from steadydesk.contracts.assertion import Command
from steadydesk.contracts.grant import Extend, GrantProcess, GrantState, Revoke
from steadydesk.contracts.request import TaskState
from steadydesk.contracts.request_commands import (
    ActOnTask,
    ErrandOutcome,
    OutcomeKind,
    TaskAction,
    TellRequest,
    Write,
)
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.errands import perform_key
from steadydesk.records.grants import list_grants
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.process import process as process_table
from steadydesk.records.tables.process import record, sight
from steadydesk.records.views.visibility import Viewer
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.ledger import settled
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import Desk, request_desk
from tests.support.requests import automated, manual

_HAND = automated(
    undo={"group": "desk", "instruction": "Take the key back."},
    grant={"entitlement": "A key", "until": {"from": "variables.until"}, "remind_before": "P7D"},
)
_GIVEN = automated(grant={"entitlement": "Access", "until": {"from": "variables.until"}})
_UNTIL = "2027-03-01"
_END = datetime(2027, 3, 2, tzinfo=UTC)
"""After the last day."""


@pytest.fixture(scope="module")
async def desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    items = catalogue(
        {
            "by-hand-grant": {"plan": {"steps": {"one": _HAND}}},
            "confidential-grant": {"model": "confidential", "plan": {"steps": {"one": _GIVEN}}},
            "decided-grant": {"approval": "board-two", "plan": {"steps": {"one": _GIVEN}}},
            "granting-and-more": {"plan": {"steps": {"one": _GIVEN, "two": manual(needs=["one"])}}},
        }
    )
    async with request_desk(postgres, "test_grant", items) as ready:
        yield ready


class Grants:
    """One grant that a request gave, and its record writes."""

    def __init__(self, desk: Desk, number: str) -> None:
        self.desk = desk
        self.number = number
        self.activities = GrantActivities(Transitions(GRANTS, desk.engine, desk.waker))

    async def open(self) -> Answer:
        return await self.activities.open_grant(self.desk.tick(self.number, "open"))

    async def ring(self, at: datetime) -> Answer:
        self.desk.now = at
        return await self.activities.ring_grant(self.desk.tick(self.number))

    async def outcome(self, answer: Answer, kind: OutcomeKind, problem: str | None = None) -> Answer:
        (errand,) = answer.agenda.errands
        if kind is OutcomeKind.DONE:
            await settled(self.desk.engine, self.number, errand.key, self.desk.now)
        outcome = ErrandOutcome(kind=kind, problem=problem)
        tick = self.desk.tick(self.number, f"outcome:{errand.key}", errand=errand.key, outcome=outcome)
        return await self.activities.record_revocation_outcome(tick)

    def write(self, command: Command, by: str = "rita") -> Write[Any]:
        return self.desk.write(self.number, command, by)

    async def document(self) -> GrantProcess:
        async with self.desk.engine.connect() as connection:
            found = await connection.scalar(
                select(process_table.c.document).where(process_table.c.number == self.number)
            )
        return GrantProcess.model_validate(found)

    async def row(self) -> Any:
        (row,) = await self.desk.rows(grant_register, grant_register.c.number == self.number)
        return row


async def granted(desk: Desk, item: str = "granting") -> Grants:
    number = await desk.order(item, variables={"until": _UNTIL})
    line = await desk.line(number)
    await desk.report(number, perform_key(line, "one"), OutcomeKind.DONE)
    run = (await desk.line(number)).steps["one"]
    assert run.grant is not None
    return Grants(desk, run.grant)


async def test_a_revocation_told_before_it_has_begun_does_not_use_up_the_real_one(desk: Desk) -> None:
    grants = await granted(desk)
    opened = await grants.open()
    errand = f"{grants.number}:revoke:1"
    done = ErrandOutcome(kind=OutcomeKind.DONE)
    early = desk.tick(grants.number, f"outcome:{errand}", errand=errand, outcome=done)
    await grants.activities.record_revocation_outcome(early)
    assert opened.agenda.alarm is not None
    revoking = await grants.activities.record_revocation(grants.write(Revoke(assertion=unsigned())))
    assert [each.key for each in revoking.agenda.errands] == [errand]
    assert (await grants.outcome(revoking, OutcomeKind.DONE)).agenda.closed


async def test_the_register_has_it_as_soon_as_the_access_is_there(desk: Desk) -> None:
    grants = await granted(desk)
    row = await grants.row()
    assert (row.state, row.holder, row.expires_at) == ("active", desk.ids["rita"], _END)
    answer = await desk.agenda(row.request)
    assert [errand.kind for errand in answer.agenda.errands] == [ErrandKind.START_GRANT]


async def test_a_number_that_no_request_registered_starts_nothing(desk: Desk) -> None:
    with pytest.raises(ApplicationError) as refused:
        await Grants(desk, "GRA9999999").open()
    assert refused.value.type == "UnknownRecord"


async def test_it_reminds_once_and_is_revoked_at_its_end(desk: Desk) -> None:
    grants = await granted(desk)
    opened = await grants.open()
    assert "\n\n- waits for" in opened.agenda.details, "markdown takes rows for a list after an empty line"
    assert opened.agenda.alarm is not None
    assert opened.agenda.alarm.at == _END - timedelta(days=7)
    reminded = await grants.ring(opened.agenda.alarm.at)
    assert reminded.agenda.alarm is not None
    assert reminded.agenda.alarm.at == _END
    ended = await grants.ring(_END)
    assert [errand.kind for errand in ended.agenda.errands] == [ErrandKind.UNDO]
    assert (await grants.document()).reason == "expired"
    closed = await grants.outcome(ended, OutcomeKind.DONE)
    assert closed.agenda.closed
    assert (await grants.row()).state == "revoked"
    assert await desk.events(grants.number) == ["grant.expiring", "grant.revoked"]


async def test_opening_twice_changes_nothing(desk: Desk) -> None:
    grants = await granted(desk)
    first = await grants.open()
    before = await desk.everything()
    assert await grants.open() == first
    assert await desk.everything() == before


async def test_what_the_connector_cannot_revoke_becomes_a_task_that_can_try_again(desk: Desk) -> None:
    grants = await granted(desk)
    await grants.open()
    revoking = await grants.activities.record_revocation(grants.write(Revoke(assertion=unsigned())))
    failed = await grants.outcome(revoking, OutcomeKind.FAILED, "Unavailable")
    assert not failed.agenda.closed
    task = (await grants.document()).task
    assert task is not None
    again = ActOnTask(assertion=unsigned(), task=task.number, action=TaskAction.RETRY)
    retried = await grants.activities.record_grant_task(grants.write(again, "ingo"))
    assert retried.agenda.errands[0].key != revoking.agenda.errands[0].key
    assert (await grants.outcome(retried, OutcomeKind.DONE)).agenda.closed


async def test_a_revocation_by_hand_ends_with_its_task(desk: Desk) -> None:
    grants = await granted(desk, "by-hand-grant")
    await grants.open()
    await grants.ring(_END)
    task = (await grants.document()).task
    assert task is not None
    complete = ActOnTask(assertion=unsigned(), task=task.number, action=TaskAction.COMPLETE)
    for by, acting_for in (("ralf", None), ("ingo", "ralf")):
        write = desk.write(grants.number, complete, by, acting_for=acting_for)
        with pytest.raises(ApplicationError) as refused:
            await grants.activities.record_grant_task(write)
        assert refused.value.type == "NotAllowed"
    done = await grants.activities.record_grant_task(grants.write(complete, "ingo"))
    assert done.agenda.closed
    ended = await grants.document()
    assert ended.state is GrantState.REVOKED
    assert ended.task is not None
    assert ended.task.assigned_to == desk.ids["ingo"]


async def test_the_task_of_a_revocation_goes_to_members_of_its_group_alone(desk: Desk) -> None:
    """As a task of a request does; whoever it goes to is told, and who begins to help does not take it away."""
    grants = await granted(desk, "by-hand-grant")
    await grants.open()
    await grants.ring(_END)
    task = (await grants.document()).task
    assert task is not None

    async def act(by: str, action: TaskAction, to: str | None = None) -> str | None:
        command = ActOnTask(
            assertion=unsigned(), task=task.number, action=action, assignee=desk.ids[to] if to else None
        )
        await grants.activities.record_grant_task(grants.write(command, by))
        found = (await grants.document()).task
        return found.assigned_to if found else None

    with pytest.raises(ApplicationError) as refused:
        await act("ingo", TaskAction.ASSIGN, "ralf")
    assert refused.value.type == "InvalidInput"
    assert await act("ingo", TaskAction.ASSIGN, "ida") == desk.ids["ida"]
    [told] = await desk.rows(outbox, outbox.c.number == grants.number, outbox.c.event == "task.assigned")
    assert (told.audience, told.subject) == ([f"p:{desk.ids['ida']}"], task.number)
    assert await act("ingo", TaskAction.START) == desk.ids["ida"]
    await act("ines", TaskAction.COMPLETE)
    assert (await grants.document()).state is GrantState.REVOKED, (
        "the process owner ends what nobody else does"
    )


async def test_a_revocation_left_undone_is_in_the_register(desk: Desk) -> None:
    grants = await granted(desk, "by-hand-grant")
    await grants.open()
    await grants.ring(_END)
    task = (await grants.document()).task
    assert task is not None
    leave = ActOnTask(assertion=unsigned(), task=task.number, action=TaskAction.SKIP)
    await grants.activities.record_grant_task(grants.write(leave, "ingo"))
    assert (await grants.row()).state == "left"


async def test_an_extension_moves_the_end_and_the_reminder_once(desk: Desk) -> None:
    grants = await granted(desk)
    await grants.open()
    later = _END + timedelta(days=90)
    extension = await desk.order("granting", variables={"until": _UNTIL}, extends=grants.number)
    extend = Extend(assertion=unsigned(), until=later, request=extension)
    extended = await grants.activities.record_extension(grants.write(extend, "service"))
    assert extended.agenda.alarm is not None
    assert extended.agenda.alarm.at == later - timedelta(days=7)
    await grants.activities.record_extension(grants.write(extend, "service"))
    assert (await grants.document()).extended_by == [extension]
    assert (await grants.row()).expires_at == later


async def voted(desk: Desk, number: str, votes: dict[str, str]) -> None:
    for name, decision in votes.items():
        await desk.decide(f"{number}-G1", decision, name)


async def test_the_register_names_who_approved_it_and_its_extension_and_nobody_who_refused(
    desk: Desk,
) -> None:
    number = await desk.order("decided-grant", variables={"until": _UNTIL})
    await voted(desk, number, {"ann": "rejected", "ben": "approved", "cem": "approved"})
    await desk.report(number, perform_key(await desk.line(number), "one"), OutcomeKind.DONE)
    grant = (await desk.line(number)).steps["one"].grant
    assert grant is not None
    grants = Grants(desk, grant)
    await grants.open()
    assert await approvers(grants) == [("ben", number), ("cem", number)]
    extension = await desk.order("decided-grant", variables={"until": _UNTIL}, extends=grant)
    await voted(desk, extension, {"ben": "rejected", "ann": "approved", "cem": "approved"})
    extend = Extend(assertion=unsigned(), until=_END + timedelta(days=90), request=extension)
    await grants.activities.record_extension(grants.write(extend, "service"))
    both = [("ben", number), ("cem", number), ("ann", extension), ("cem", extension)]
    assert await approvers(grants) == both
    async with desk.engine.connect() as connection:
        viewer = Viewer(desk.ids["rita"], (f"p:{desk.ids['rita']}",), (), desk.now)
        [shown] = await list_grants(connection, viewer, number=grant)
    assert [one.name for one in shown.approved_by] == ["Ben", "Cem", "Ann"]


async def approvers(grants: Grants) -> list[tuple[str, str]]:
    """Name and order of each vote, as they stand in the register."""
    names = {identity: name for name, identity in grants.desk.ids.items()}
    votes = (await grants.row()).approved_by
    return [(names[vote["voter"]], vote["gate"].rsplit("-G", 1)[0]) for vote in votes]


async def test_it_goes_when_its_holder_leaves_and_stays_when_others_do(desk: Desk) -> None:
    grants = await granted(desk)
    await grants.open()
    other = TellRequest(assertion=unsigned(), event="person_left", subject=desk.ids["ralf"])
    await grants.activities.record_grant_message(grants.write(other, "service"))
    assert (await grants.document()).state is GrantState.ACTIVE
    holder = TellRequest(assertion=unsigned(), event="person_left", subject=desk.ids["rita"])
    await grants.activities.record_grant_message(grants.write(holder, "service"))
    found = await grants.document()
    assert (found.state, found.reason) == (GrantState.REVOKING, "left")


async def test_its_task_waits_again_when_whoever_has_it_leaves_or_leaves_the_group(desk: Desk) -> None:
    grants = await granted(desk, "by-hand-grant")
    await grants.open()
    await grants.activities.record_revocation(grants.write(Revoke(assertion=unsigned())))
    for event, group in (("person_left", None), ("membership_ended", "desk")):
        task = (await grants.document()).task
        assert task is not None
        start = ActOnTask(assertion=unsigned(), task=task.number, action=TaskAction.START)
        await grants.activities.record_grant_task(grants.write(start, "ida"))
        if group is not None:
            await desk.quit("ida", group)
        word = TellRequest.model_validate(
            {"assertion": unsigned(), "event": event, "subject": desk.ids["ida"], "group": group}
        )
        await grants.activities.record_grant_message(grants.write(word, "service"))
        task = (await grants.document()).task
        assert task is not None
        assert (task.assigned_to, task.state) == (None, TaskState.OPEN)
    await desk.as_at_first()


async def test_a_grant_that_ends_takes_no_more_commands(desk: Desk) -> None:
    grants = await granted(desk)
    await grants.open()
    await grants.activities.record_revocation(grants.write(Revoke(assertion=unsigned())))
    with pytest.raises(ApplicationError) as refused:
        await grants.activities.record_revocation(grants.write(Revoke(assertion=unsigned())))
    assert refused.value.type == "RecordClosed"


async def test_what_is_cancelled_before_it_was_handed_over_is_revoked_by_the_request(desk: Desk) -> None:
    number = await desk.order("granting-and-more", variables={"until": _UNTIL})
    line = await desk.line(number)
    await desk.report(number, perform_key(line, "one"), OutcomeKind.DONE)
    answer = await desk.cancel(number)
    (errand,) = answer.agenda.errands
    assert errand.kind is ErrandKind.UNDO
    await desk.report(number, errand.key, OutcomeKind.DONE)
    run = (await desk.line(number)).steps["one"]
    (row,) = await desk.rows(grant_register, grant_register.c.number == run.grant)
    assert (row.state, row.reason) == ("revoked", "request")


async def test_taken_up_again_it_goes_on_where_it_stands(desk: Desk) -> None:
    grants = await granted(desk)
    await grants.open()
    revoking = await grants.activities.record_revocation(grants.write(Revoke(assertion=unsigned())))
    again = await grants.activities.take_up_grant(desk.tick(grants.number))
    assert again.agenda.errands == revoking.agenda.errands
    assert again.agenda.version == revoking.agenda.version + 1


async def test_a_grant_of_a_restricted_request_is_as_restricted(desk: Desk) -> None:
    """Its owners do not see it, and lists know it as restricted."""
    grants = await granted(desk, "confidential-grant")
    await grants.open()
    seen = {(row.subject, row.why) for row in await desk.rows(sight, sight.c.number == grants.number)}
    rita = f"p:{desk.ids['rita']}"
    assert seen == {(rita, "requester"), (rita, "requested_for"), ("g:confidants", "restricted_group")}
    [row] = await desk.rows(record, record.c.number == grants.number)
    assert row.restricted
    ordinary = await granted(desk)
    await ordinary.open()
    [row] = await desk.rows(record, record.c.number == ordinary.number)
    assert not row.restricted


async def test_what_extends_a_restricted_grant_is_as_restricted(desk: Desk) -> None:
    grants = await granted(desk, "confidential-grant")
    await grants.open()
    number = await desk.order("granting", variables={"until": _UNTIL}, extends=grants.number)
    subjects = {row.subject for row in await desk.rows(sight, sight.c.number == number)}
    assert subjects == {f"p:{desk.ids['rita']}", "g:confidants"}


async def test_what_a_restricted_grant_showed_to_outsiders_is_taken_back(desk: Desk) -> None:
    grants = await granted(desk, "confidential-grant")
    await grants.open()
    [of_it] = await desk.rows(record, record.c.number == grants.number)
    place = {"number": grants.number, "open": True, "changed_at": of_it.updated_at}
    wrong = {("g:leavers", "fulfilment_group"), (f"p:{desk.ids['mona']}", "requester")}
    async with desk.owner.begin() as connection:
        for subject, why in wrong:
            await connection.execute(sight.insert().values(subject=subject, why=why, **place))

    async def symptoms() -> int:
        return len([words for words in await desk.symptoms() if words.startswith(grants.number)])

    assert await symptoms() == len(wrong)
    look = TellRequest(assertion=unsigned(), event="look")
    await grants.activities.record_grant_message(grants.write(look))
    assert await symptoms() == 0
    ended = await desk.rows(sight, sight.c.number == grants.number, sight.c.until == desk.now)
    assert {(row.subject, row.why) for row in ended} == wrong


async def test_the_revocation_by_hand_has_a_due_date_and_goes_up_when_it_is_late(desk: Desk) -> None:
    grants = await granted(desk, "by-hand-grant")
    await grants.open()
    revoking = await grants.activities.record_revocation(grants.write(Revoke(assertion=unsigned())))
    task = (await grants.document()).task
    assert task is not None
    assert revoking.agenda.alarm is not None
    assert revoking.agenda.alarm.at == task.due_at == desk.now + timedelta(hours=40)
    late = await grants.ring(revoking.agenda.alarm.at)
    assert late.agenda.alarm is not None
    left = await grants.ring(late.agenda.alarm.at)
    assert left.agenda.alarm is None
    told = await desk.rows(outbox, outbox.c.number == grants.number, outbox.c.event == "task.reminder")
    audiences = [sorted(row.audience) for row in sorted(told, key=lambda row: row.seq)]
    assert audiences == [["g:desk", f"p:{desk.ids['ines']}"], ["f:it", "g:desk"]]
    done = ActOnTask(assertion=unsigned(), task=task.number, action=TaskAction.COMPLETE)
    assert (await grants.activities.record_grant_task(grants.write(done, "ingo"))).agenda.closed
