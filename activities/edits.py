"""What people may change about a request, as effects on its document."""

from activities.child_end import child_ended
from activities.closing import begin_undo
from activities.leaving import membership_ended, person_left
from activities.lines import must_be_open, must_not_be_extending, open_line
from activities.questions import answer_questions
from activities.sight_repair import take_back_sight
from activities.unheard import hear_of_leavers
from activities.work import RequestWork
from steadydesk.contracts.process_model import Phase, Right
from steadydesk.contracts.request import Line
from steadydesk.contracts.request_commands import (
    Cancel,
    Comment,
    Move,
    TellRequest,
)
from steadydesk.errors import InvalidInput, InvalidTransition, NotAllowed
from steadydesk.policies.request import BeginUndo
from steadydesk.policies.rights import Relation
from steadydesk.records.directory_standing import standing
from steadydesk.records.views.visibility import Viewer, relations


async def cancel(work: RequestWork, command: Cancel) -> None:
    """Stop what can be stopped, undo what was done, in reverse; what cannot be undone becomes a task. Of lines that are
    taken back for good already only the reason is kept.
    """
    must_be_open(work)
    asked = [open_line(work, command.line)] if command.line else [x for x in work.process.lines if x.is_open]
    lines = [line for line in asked if line.phase is not Phase.UNDOING or line.returning]
    for line in lines:
        must_not_be_extending(line)
        if line.phase is Phase.UNDOING:
            # What is being taken back in order to be returned is taken back for good.
            line.returning, line.close_code = False, "cancelled"
        else:
            await begin_undo(work, BeginUndo(line, "cancelled"))
    if command.reason is not None:
        work.write_down("comment", command.reason, command.line)
    if lines:
        work.note("request.cancelled", command.line, lines=[line.number for line in lines])


async def comment(work: RequestWork, command: Comment) -> None:
    """Words for everybody who sees the record; from the customer they answer every open question."""
    must_be_open(work)
    work.note("commented", work.process.number, kind=command.kind, digest=command.text.digest)
    answers = command.kind == "comment" and await _is_customer(work) and answer_questions(work, command.text)
    work.write_down("answer" if answers else command.kind, command.text)


async def _is_customer(work: RequestWork) -> bool:
    """Who ordered it, for whom, and where they left, who acts for them since: the manager, or a group."""
    customers = {work.process.opened_by, work.process.requested_for}
    customers |= {line.requested_for for line in work.process.lines}
    person = work.actor.whose_right
    if person in customers:
        return True
    who = await standing(work.connection, person, work.at)
    if who is None:
        return False
    return Relation.REQUESTER in await relations(
        work.connection, Viewer.of(who, work.at), work.process.number
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
    """Whether the actor, or for whom they act, is one of those whom the transition names."""
    person = work.actor.whose_right
    who = await standing(work.connection, person, work.at)
    if who is None or not who.person.active:
        return False
    item = work.organisation.catalog[line.item]
    is_one = {
        Right.REQUESTER: person in (work.process.opened_by, line.requested_for),
        Right.FULFILLER: item.fulfilment_group in who.groups,
        Right.PROCESS_OWNER: f"f:{work.process.function}" in who.own_sight,
    }
    return any(is_one[right] for right in rights)


async def take_up(work: RequestWork) -> None:
    """The workflow was ended by hand and started again; the record goes on where it stands, but for what it could not
    hear meanwhile.
    """
    work.note("process.taken-up", work.process.number)
    work.everything = True
    await take_back_sight(work)
    await hear_of_leavers(work)


async def hear(work: RequestWork, command: TellRequest) -> None:
    """A process's own message: a child request ended, or a person left, or their group."""
    if command.event == "child_ended":
        await _child_ended(work, command)
    elif command.event == "person_left" and command.subject is not None:
        await person_left(work, command.subject)
    elif command.event == "membership_ended" and command.subject is not None and command.group is not None:
        await membership_ended(work, command.subject, command.group)
    elif command.event == "look":
        work.note("rows.rewritten", work.process.number)
        work.everything = True
        await take_back_sight(work)


async def _child_ended(work: RequestWork, command: TellRequest) -> None:
    for line in work.process.lines:
        for key, run in line.steps.items():
            if run.child == command.subject:
                await child_ended(work, line, key, command.outcome or "")
