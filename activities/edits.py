"""What people may change about a request, as effects on its document."""

from activities import steps
from activities.closing import begin_undo
from activities.gates import close_gate, enter, flat
from activities.leaving import person_left
from activities.opening import read_amount_and_date
from activities.questions import answer_questions
from activities.values import values_of
from activities.work import RequestWork
from steadydesk.contracts.gate import GateState
from steadydesk.contracts.process_model import Phase, Right
from steadydesk.contracts.request import Line, StepState, UndoState
from steadydesk.contracts.request_commands import (
    Cancel,
    Comment,
    Move,
    Reschedule,
    Resubmit,
    TellRequest,
)
from steadydesk.errors import InvalidInput, InvalidTransition, NotAllowed, RecordClosed, UnknownRecord
from steadydesk.policies import sla_steps as sla
from steadydesk.policies import sla_terms
from steadydesk.policies.approval import differences, material_digests
from steadydesk.policies.calendar import add_business_time
from steadydesk.policies.plan import CHILD_ENDED
from steadydesk.policies.request import BeginUndo
from steadydesk.policies.rights import Relation
from steadydesk.records.directory_standing import standing


def open_line(work: RequestWork, number: str) -> Line:
    """The line, when it is of this order and not closed yet."""
    try:
        line = work.process.line(number)
    except LookupError:
        raise UnknownRecord(f"{work.process.number} has no line {number}") from None
    if not line.is_open:
        raise RecordClosed(f"{number} is closed", details={"follow_up": work.process.number})
    return line


def must_be_open(work: RequestWork) -> None:
    if work.process.closed_at is not None:
        number = work.process.number
        raise RecordClosed(f"{number} is closed; order again or refer to it", details={"follow_up": number})


async def cancel(work: RequestWork, command: Cancel) -> None:
    """Stop what can be stopped, undo what was done, in reverse; what cannot be undone becomes a task."""
    must_be_open(work)
    lines = [open_line(work, command.line)] if command.line else [x for x in work.process.lines if x.is_open]
    for line in lines:
        if line.phase is Phase.UNDOING:
            continue
        await begin_undo(work, BeginUndo(line, "cancelled"))
    if command.reason is not None:
        work.write_down("comment", command.reason, command.line)
    work.note("request.cancelled", command.line, lines=[line.number for line in lines])


async def comment(work: RequestWork, command: Comment) -> None:
    """Words for everybody who sees the record; from the customer they answer every open question."""
    work.write_down(command.kind, command.text)
    work.note("commented", work.process.number, kind=command.kind, digest=command.text.digest)
    customers = {work.process.opened_by, work.process.requested_for}
    customers |= {line.requested_for for line in work.process.lines}
    if command.kind == "comment" and work.actor.person in customers:
        answer_questions(work)


async def resubmit(work: RequestWork, command: Resubmit) -> None:
    """Changed answers for a returned line start its approval anew; for one in approval, what is material decides.

    A change of material fields voids the open and granted gates, which say what changed; other changes leave them.
    """
    line = open_line(work, command.line)
    if line.phase not in (Phase.RETURNED, Phase.APPROVAL):
        raise InvalidTransition(
            f"{line.number} can be changed only before it is approved, not in {line.state}"
        )
    before = await _material(work, line)
    line.variables = command.variables
    work.texts.append(command.variables.ref)
    if command.comment is not None:
        work.write_down("comment", command.comment, line.number)
    if command.quantity is not None:
        line.quantity = command.quantity
        line.amount = work.organisation.catalog[line.item].price.amount * command.quantity
    await read_amount_and_date(work, line)
    _keep_silent(work, line)
    changed = differences(before, await _material(work, line))
    work.note("line.changed", line.number, fields=changed, round=line.round)
    if line.phase is Phase.RETURNED:
        line.clock = sla.resume(line.clock, work.at)
        line.return_until = None
        work.tell(
            "request.resubmitted",
            work.process.customers(work.at, line.requested_for),
            line.number,
            fields=changed,
        )
    elif not changed:
        return
    _approve_anew(work, line, changed)


def _keep_silent(work: RequestWork, line: Line) -> None:
    """Where the item says so, who it is about hears and sees nothing before the effective date, also a moved one."""
    if work.organisation.catalog[line.item].silent_until_effective and line.effective_at is not None:
        work.process.silent_until = line.effective_at
        work.show_to(f"p:{line.requested_for}", Relation.REQUESTED_FOR, from_=line.effective_at)


def _approve_anew(work: RequestWork, line: Line, changed: list[str]) -> None:
    _void(work, line, changed)
    line.round += 1
    enter(work, line, Phase.RECEIVED)


async def _material(work: RequestWork, line: Line) -> dict[str, str]:
    key = work.organisation.catalog[line.item].approval
    if key is None:
        return {}
    values = await values_of(work.connection, work.process, line)
    return material_digests(
        work.organisation.approval_policies[key].material, flat(line, values), work.process.salt
    )


def _void(work: RequestWork, line: Line, changed: list[str]) -> None:
    for gate in work.process.gates_of(line):
        if gate.state in (GateState.REQUESTED, GateState.APPROVED):
            close_gate(work, gate, GateState.VOIDED, "changed: " + ", ".join(changed))
            people = {f"p:{person.person}" for person in gate.eligible} | {
                f"p:{b.voter}" for b in gate.ballots
            }
            work.tell("approval.voided", sorted(people), gate.id, fields=changed, line=line.number)


async def reschedule(work: RequestWork, command: Reschedule) -> None:
    """Another effective date: steps that wait for it wait anew, and the promise counts from it."""
    line = open_line(work, command.line)
    item = work.organisation.catalog[line.item]
    if item.effective_at is None:
        raise InvalidInput(f"'{line.item}' has no effective date")
    material, before = await _material(work, line), line.effective_at
    line.effective_at = command.effective_at
    begins = max(work.at, command.effective_at)
    line.expected_at = add_business_time(work.calendars[item.calendar], begins, item.promise)
    if line.clock.stage.is_open:
        line.clock = sla_terms.reschedule(line.clock, work.calendars, work.at, begins)
    for key, run in line.steps.items():
        if run.state is StepState.OPEN and run.wake_at is not None:
            run.state, run.wake_at = StepState.PENDING, None
            work.note("step.replanned", f"{line.number}/{key}")
    _keep_silent(work, line)
    work.note("line.rescheduled", line.number, before=before, after=command.effective_at)
    changed = differences(material, await _material(work, line))
    if changed and line.phase is Phase.APPROVAL:
        _approve_anew(work, line, changed)
    work.tell(
        "request.expected-date-changed",
        work.process.customers(work.at, line.requested_for),
        line.number,
        expected_at=line.expected_at,
    )


async def move(work: RequestWork, command: Move) -> None:
    """Another state of the same phase, where the line's model has such a transition."""
    line = open_line(work, command.line)
    model = work.organisation.process_models[work.organisation.catalog[line.item].model]
    known = [t for t in model.transitions if t.origin == line.state and t.target == command.state]
    if not known or model.states[command.state].phase is not line.phase:
        raise InvalidTransition(f"the model has no move from '{line.state}' to '{command.state}'")
    if not await _has_right(work, line, {right for transition in known for right in transition.rights}):
        raise NotAllowed(f"the model lets others move from '{line.state}' to '{command.state}'")
    required = set(model.states[command.state].requires) & {"work_notes", "comments"}
    if required and command.text is None:
        raise InvalidInput(f"'{command.state}' needs a note", pointer="/text")
    if command.text is not None:
        work.write_down("comment" if "comments" in required else "work_note", command.text, line.number)
    work.note("line.moved", line.number, before=line.state, after=command.state)
    line.state = command.state


async def _has_right(work: RequestWork, line: Line, rights: set[Right]) -> bool:
    """Whether the actor is one of those whom the transition names."""
    who = await standing(work.connection, work.actor.person, work.at)
    if who is None or not who.person.active:
        return False
    item = work.organisation.catalog[line.item]
    is_one = {
        Right.REQUESTER: work.actor.person in (work.process.opened_by, line.requested_for),
        Right.FULFILLER: item.fulfilment_group in who.groups,
        Right.PROCESS_OWNER: f"f:{work.process.function}" in who.own_sight,
    }
    return any(is_one[right] for right in rights)


async def take_up(work: RequestWork) -> None:
    """The workflow was ended by hand and started again; the record goes on where it stands."""
    work.note("process.taken-up", work.process.number)
    work.everything = True


async def hear(work: RequestWork, command: TellRequest) -> None:
    """A process's own message: a child request ended, or a person left."""
    if command.event == "child_ended":
        await _child_ended(work, command)
    elif command.event == "person_left" and command.subject is not None:
        await person_left(work, command.subject)
    elif command.event == "look":
        work.note("rows.rewritten", work.process.number)
        work.everything = True


async def _child_ended(work: RequestWork, command: TellRequest) -> None:
    for line in work.process.lines:
        for key, run in line.steps.items():
            if run.child == command.subject:
                await _end_child_step(work, line, key, command.outcome or "")


async def _end_child_step(work: RequestWork, line: Line, key: str, outcome: str) -> None:
    run = line.steps[key]
    if run.undo is UndoState.RUNNING:
        run.undo = UndoState.DONE
        work.note("undo.ended", f"{line.number}/{key}", child=run.child)
    elif run.state is StepState.OPEN and outcome == "closed_complete":
        await steps.succeed(work, line, key)
    elif run.state is StepState.OPEN and outcome == "closed_skipped":
        steps.end(work, line, key, StepState.SKIPPED)
    elif run.state is StepState.OPEN:
        await steps.fail(work, line, key, f"{CHILD_ENDED}{outcome}")
    elif outcome != "closed_complete" and run.undo is None:
        run.problem = f"{CHILD_ENDED}{outcome}"
