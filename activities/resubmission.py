"""A line in its requester's hands again: recalled, given back, changed and resubmitted for approval."""

from activities.closing import begin_undo, cancel_gates, return_line
from activities.gates import close_gate, enter, flat
from activities.lines import must_not_be_extending, open_line
from activities.opening import read_amount_and_date
from activities.silence import keep_silent, show_to_beneficiary
from activities.values import answers_of, names_future_person, values_of
from activities.work import RequestWork
from steadydesk.contracts.gate import GateState
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line
from steadydesk.contracts.request_commands import GiveBack, Recall, Resubmit
from steadydesk.errors import InvalidTransition
from steadydesk.policies import sla_steps as sla
from steadydesk.policies.approval import differences, material_digests
from steadydesk.policies.request import BeginUndo
from steadydesk.policies.rights import Relation
from steadydesk.records.directory_approvers import people_by_name


async def resubmit(work: RequestWork, command: Resubmit) -> None:
    """Changed answers for a returned line start its approval anew; for one in approval, what is material decides.

    A change of material fields voids the open and granted gates, which say what changed; other changes leave them.
    """
    line = open_line(work, command.line)
    if line.phase not in (Phase.RETURNED, Phase.APPROVAL):
        raise InvalidTransition(
            f"{line.number} can be changed only before it is approved, not in {line.state}"
        )
    before = await material_of(work, line)
    moved = await _take_answers(work, line, command)
    changed = sorted({*differences(before, await material_of(work, line)), *moved})
    work.note("line.changed", line.number, fields=changed, round=line.round)
    if line.phase is Phase.RETURNED:
        line.clock = sla.resume(line.clock, work.at)
        line.return_until, line.recalled = None, False
        customers = work.process.customers(work.at, line.requested_for)
        work.tell("request.resubmitted", customers, line.number, fields=changed)
    elif not changed:
        return
    approve_anew(work, line, changed)


async def _take_answers(work: RequestWork, line: Line, command: Resubmit) -> list[str]:
    """Amount, date and beneficiary follow the form. Whom it is for is always material: who decides hangs on it."""
    line.variables = command.variables
    work.texts.append(command.variables.ref)
    if command.comment is not None:
        work.write_down("comment", command.comment, line.number)
    if command.quantity is not None:
        line.quantity = command.quantity
        line.amount = work.organisation.catalog[line.item].price.amount * command.quantity
    await read_amount_and_date(work, line)
    moved = await _read_beneficiary(work, line)
    await keep_silent(work)
    return ["requested_for"] if moved else []


async def _read_beneficiary(work: RequestWork, line: Line) -> bool:
    """Whom the item's person field names now; where it names nobody, the line stays whose it was."""
    field = work.organisation.catalog[line.item].beneficiary
    answers = (await answers_of(work, line))["variables"]
    named = answers.get(field) if field else None
    before = line.for_future_person
    if named is not None:
        line.for_future_person = names_future_person(work.organisation.catalog[line.item], answers)
    if not isinstance(named, str):
        moved = line.for_future_person != before
        if moved and line.requested_for != work.process.opened_by:
            # Whoever was named before has nothing to do with it; who orders stands in, as in a new order.
            _change_beneficiary(work, line, work.process.opened_by)
        return moved
    person = (await people_by_name(work.connection, [named])).get(named.lower(), line.requested_for)
    if person == line.requested_for:
        return line.for_future_person != before
    _change_beneficiary(work, line, person)
    return True


def _change_beneficiary(work: RequestWork, line: Line, person: str) -> None:
    """The record is theirs to see from now on, and no more the other's."""
    process, before = work.process, line.requested_for
    line.requested_for = person
    if line is process.lines[0] and process.requested_for == before:
        process.requested_for = person
    if before not in {process.opened_by, *process.beneficiaries}:
        work.hide_from(f"p:{before}", Relation.REQUESTED_FOR)
    show_to_beneficiary(work, person)
    work.note("line.beneficiary-changed", line.number, before=before, after=person)


async def recall(work: RequestWork, command: Recall) -> None:
    """The requester takes it back out of approval; nobody is asked any more until it is resubmitted."""
    line = open_line(work, command.line)
    if line.phase is not Phase.APPROVAL:
        raise InvalidTransition(
            f"{line.number} can be recalled only from its approval, not from {line.state}"
        )
    if command.reason is not None:
        work.write_down("comment", command.reason, line.number)
    work.note("line.recalled", line.number, round=line.round)
    cancel_gates(work, line, "recalled")
    line.recalled = True
    return_line(work, line, event="request.recalled")


async def give_back(work: RequestWork, command: GiveBack) -> None:
    """Who fulfils it found that it cannot be done as approved: undo what was done, then it is the requester's."""
    line = open_line(work, command.line)
    if line.phase not in (Phase.FULFILMENT, Phase.PENDING):
        raise InvalidTransition(
            f"{line.number} can be given back only while it is fulfilled, not in {line.state}"
        )
    must_not_be_extending(line)
    if command.reason is not None:
        work.write_down("comment", command.reason, line.number)
    work.note("line.given-back", line.number, round=line.round)
    line.returning = True
    await begin_undo(work, BeginUndo(line, "returned"))


def approve_anew(work: RequestWork, line: Line, changed: list[str]) -> None:
    """Void what was decided on other content, and begin the next round."""
    for gate in work.process.gates_of(line):
        if gate.state in (GateState.REQUESTED, GateState.APPROVED):
            close_gate(work, gate, GateState.VOIDED, "changed: " + ", ".join(changed))
            people = {f"p:{person.person}" for person in gate.eligible} | {
                f"p:{b.voter}" for b in gate.ballots
            }
            work.tell("approval.voided", sorted(people), gate.id, fields=changed, line=line.number)
    line.round += 1
    enter(work, line, Phase.RECEIVED)


async def material_of(work: RequestWork, line: Line) -> dict[str, str]:
    """The digest of each field that the line's approval is bound to."""
    key = work.organisation.catalog[line.item].approval
    if key is None:
        return {}
    values = await values_of(work.connection, work.process, line)
    return material_digests(
        work.organisation.approval_policies[key].material, flat(line, values), work.process.salt
    )
