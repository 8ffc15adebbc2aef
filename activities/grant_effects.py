"""What happens to a grant, as effects on its document: begun, extended, revoked by machine or hand."""

from typing import Any

from sqlalchemy import insert, select, update

from activities.effect import instruction_of
from activities.grant_register import approvals_of
from activities.grant_requester import people_of, requester_left, show_to_requester
from activities.task_return import hand_over, is_member, return_task
from activities.work import Work
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.grant import Extend, GrantProcess, GrantState, Revoke
from steadydesk.contracts.language import LocalisedText
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.plan import Step
from steadydesk.contracts.request import RequestProcess, TaskPurpose, TaskRun
from steadydesk.contracts.request_commands import (
    ErrandOutcome,
    OutcomeKind,
    TellRequest,
    Tick,
)
from steadydesk.errors import RecordClosed
from steadydesk.policies.calendar import add_business_time
from steadydesk.policies.grant import kept_by
from steadydesk.policies.rights import Relation
from steadydesk.records import processes
from steadydesk.records.directory_facts import has_left
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.process import process as process_table
from steadydesk.records.tables.task import task as task_table

GrantWork = Work[GrantProcess]

_KEPT = {
    "en": "The access itself stays: {} gives it as well.",
    "de": "Der Zugang selbst bleibt: {} gewährt ihn auch.",
}


def new_grant(tick: Tick, row: dict[str, Any], request: RequestProcess) -> GrantProcess:
    line = request.line(row["line"])
    return GrantProcess(
        number=tick.number,
        configuration=request.configuration,
        function=request.function,
        request=row["request"],
        line=row["line"],
        step=row["step"],
        item=line.item,
        holder=row["holder"],
        for_future_person=line.for_future_person,
        opened_by=request.opened_by,
        in_their_place=request.in_their_place,
        entitlement=row["entitlement"],
        granted_at=row["granted_at"],
        expires_at=row["expires_at"],
        restricted_to=request.restricted_to,
        opened_at=tick.at,
        updated_at=tick.at,
    )


async def begin(work: GrantWork, request: RequestProcess) -> None:
    """It is in force; where its holder left before its process could hear of it, it is taken back at once."""
    grant = work.process
    _plan_reminder(work)
    for person in sorted(request.not_to_know | {grant.holder}):
        hour = request.silent_until if person in request.not_to_know else None
        theirs = person == grant.holder
        work.show_to(f"p:{person}", Relation.REQUESTED_FOR, from_=hour, until=None if theirs else hour)
    await show_to_requester(work)
    groups = grant.restricted_to or [item_of(work).fulfilment_group]
    why = Relation.RESTRICTED_GROUP if grant.restricted_to else Relation.FULFILMENT_GROUP
    for group in groups:
        work.show_to(f"g:{group}", why)
    if not grant.restricted_to:
        work.show_to(f"f:{grant.function}", Relation.PROCESS_OWNER)
    work.note("grant.opened", grant.number, request=grant.request, expires=grant.expires_at)
    if not grant.for_future_person and await has_left(work.connection, grant.holder):
        await revoke(work, "left")


def _plan_reminder(work: GrantWork) -> None:
    grant = work.process
    definition = step_of(work).grant
    grant.remind_at = None
    if grant.expires_at is not None and definition is not None:
        remind = grant.expires_at - definition.remind_before
        grant.remind_at = remind if remind > work.at else None


async def ring(work: GrantWork) -> None:
    grant = work.process
    if grant.state is not GrantState.ACTIVE:
        return
    if grant.remind_at is not None and grant.remind_at <= work.at:
        grant.remind_at = None
        work.note("grant.reminded", grant.number)
        work.tell("grant.expiring", people_of(grant), grant.number, expires=grant.expires_at)
    if grant.expires_at is not None and grant.expires_at <= work.at:
        await revoke(work, "expired")


async def revoke(work: GrantWork, reason: str) -> None:
    """Take it back by the undo of the step that gave it: by its connector, or by a person."""
    grant = work.process
    grant.state, grant.reason, grant.remind_at = GrantState.REVOKING, reason, None
    await _register(work, state=grant.state.value)
    work.note("grant.revoking", grant.number, reason=reason)
    undo = step_of(work).undo
    if undo is not None and undo.call is not None:
        grant.performing = True
    elif undo is not None and undo.group is not None:
        await _by_hand(work, None)
    else:
        await end(work)


async def _by_hand(work: GrantWork, problem: str | None, asked: LocalisedText | None = None) -> None:
    """What no connector could take back becomes a task; nobody loses it."""
    grant = work.process
    undo = step_of(work).undo
    group = undo.group if undo is not None and undo.group else item_of(work).fulfilment_group
    instruction = (undo.instruction if undo is not None else None) or asked or grant.entitlement
    number = await processes.draw_number(work.connection, RecordKind.TASK)
    item = item_of(work)
    due = add_business_time(work.calendars[item.calendar], work.at, item.promise)
    grant.task = TaskRun(number=number, purpose=TaskPurpose.UNDO, group=group, opened_at=work.at, due_at=due)
    await work.connection.execute(
        insert(task_table).values(
            number=number,
            owner=grant.number,
            line=grant.line,
            step=grant.step,
            purpose=TaskPurpose.UNDO.value,
            instruction=instruction,
        )
    )
    work.show_to(f"g:{group}", Relation.FULFILMENT_GROUP)
    work.note("task.opened", number, group=group, due=due, problem=problem)
    work.tell("grant.failed" if problem else "task.opened", [f"g:{group}"], number, problem=problem)


async def end(work: GrantWork, state: GrantState = GrantState.REVOKED, *, kept_by: str | None = None) -> None:
    """It is over; ``kept_by`` names the grant by which the same access goes on."""
    grant = work.process
    grant.state, grant.closed_at = state, work.at
    await _register(work, state=state.value, revoked_at=work.at, reason=grant.reason)
    kept = {"kept_by": kept_by} if kept_by else {}
    work.note("grant.closed", grant.number, state=state.value, reason=grant.reason, **kept)
    because = {"because": {tag: words.format(kept_by) for tag, words in _KEPT.items()}} if kept_by else {}
    work.tell("grant.revoked", people_of(grant), grant.number, reason=grant.reason, **because)


async def _register(work: GrantWork, **values: Any) -> None:
    await work.connection.execute(
        update(grant_register).where(grant_register.c.number == work.process.number).values(**values)
    )


async def revoke_by_person(work: GrantWork, command: Revoke) -> None:
    must_be_active(work)
    if command.reason is not None:
        work.write_down("comment", command.reason)
    await revoke(work, "owner")


async def extend(work: GrantWork, command: Extend) -> None:
    grant = work.process
    if command.request in grant.extended_by:
        return
    must_be_active(work)
    before = grant.expires_at
    # A later one may have been approved meanwhile: nobody loses by an extension.
    until = max(command.until, before) if before is not None else command.until
    grant.expires_at = until
    grant.extended_by.append(command.request)
    _plan_reminder(work)
    approved_by = await _approved_by(work, command.request)
    await _register(work, expires_at=until, approved_by=approved_by)
    work.note("grant.extended", grant.number, before=before, after=until, request=command.request)
    work.tell("grant.extended", people_of(grant), grant.number, expires=until)


async def _approved_by(work: GrantWork, request: str) -> list[dict[str, str]]:
    """Who approved what the register has so far, and this extension."""
    number = work.process.number
    before = select(grant_register.c.approved_by).where(grant_register.c.number == number)
    document = select(process_table.c.document).where(process_table.c.number == request)
    extension = RequestProcess.model_validate(await work.connection.scalar(document))
    lines = [line for line in extension.lines if line.extends == number]
    added = [vote for line in lines for vote in approvals_of(extension, line)]
    return [*(await work.connection.scalar(before) or []), *added]


async def hear(work: GrantWork, command: TellRequest) -> None:
    """The holder has left: what they hold goes at once, whatever its end was. Who ordered it has left: somebody acts
    for them. Whoever has its task has left, or its group: it waits for somebody else.
    """
    grant, person = work.process, command.subject
    left = command.event == "person_left"
    if left and person is not None:
        await requester_left(work, person)
    if left and person is not None and grant.goes_with(person) and grant.state is GrantState.ACTIVE:
        await revoke(work, "left")
    elif person is not None and grant.task is not None:
        if left and return_task(work, grant.task, person, "person left"):
            await hand_over(work, person, [grant.task], restricted_to=grant.restricted_to)
        elif command.group == grant.task.group and not await is_member(work, person, grant.task.group):
            return_task(work, grant.task, person, "left the group")


def must_be_active(work: GrantWork) -> None:
    """RecordClosed for a grant that is being taken back, or is gone."""
    if work.process.state is not GrantState.ACTIVE:
        words = f"{work.process.number} is {work.process.state.value}"
        raise RecordClosed(words, details={"follow_up": work.process.request})


def item_of(work: GrantWork) -> CatalogItem:
    return work.organisation.catalog[work.process.item]


def step_of(work: GrantWork) -> Step:
    return item_of(work).plan.steps[work.process.step]


async def take_up(work: GrantWork) -> None:
    """The workflow was ended by hand and started again; the grant goes on where it stands."""
    work.note("process.taken-up", work.process.number)


async def rest(work: GrantWork) -> None:
    """A grant carries nothing on by itself: every move of its is a date, a command or an outcome."""
    del work


async def take_outcome(work: GrantWork, outcome: ErrandOutcome) -> None:
    """Gone and verified, or a person's task: a grant never ends without one of them."""
    work.process.performing = False
    if outcome.kind is OutcomeKind.DONE:
        await end(work, kept_by=kept_by(outcome.problem))
    elif outcome.kind is OutcomeKind.NEEDS_PERSON:
        await _by_hand(work, None, await instruction_of(work.connection, outcome))
    else:
        await _by_hand(work, outcome.problem or outcome.kind.value)
