"""A person has left, or a group: their place in this process goes to somebody who is there."""

from collections.abc import Collection

from activities.approvers import find_eligible, one_level_up
from activities.gates import ask_people, settle
from activities.holder_left import holder_left
from activities.task_return import hand_over, is_member, return_task
from activities.values import values_of
from activities.work import RequestWork
from steadydesk.contracts.gate import Eligible, Gate
from steadydesk.policies.approval import can_be_satisfied
from steadydesk.policies.rights import Relation
from steadydesk.records.directory_approvers import approvers, staying_above
from steadydesk.records.directory_facts import left_at
from steadydesk.records.outbox import Message, is_posted
from steadydesk.records.processes import release_approver


async def person_left(work: RequestWork, person: str) -> None:
    """What would give them access ends. Leavers drop out of open gates, their votes stay; tasks go back to the queue,
    what they own to the manager.
    """
    await holder_left(work, person)
    for gate in work.process.gates.values():
        if gate.is_open and any(eligible.person == person for eligible in gate.eligible):
            await _leave_gate(work, gate, person)
    returned = [
        task
        for line, _, task in work.process.tasks()
        if return_task(work, task, person, "person left", line.number)
    ]
    customers = {line.requested_for for line in work.process.lines}
    kept_from = work.process.kept_from(work.at)
    await hand_over(
        work,
        person,
        returned,
        restricted_to=work.process.restricted_to,
        kept_from=kept_from,
    )
    acts = person == work.process.opened_by or f"p:{person}" in work.process.in_their_place
    if acts or person in customers | {work.process.requested_for}:
        await _hand_over(work, person, acts=acts, kept_from=kept_from)


async def membership_ended(work: RequestWork, person: str, group: str) -> None:
    """The group's tasks that were theirs go back to its queue, unless they are in it again."""
    if await is_member(work, person, group):
        return
    for line, _, task in work.process.tasks():
        if task.group == group:
            return_task(work, task, person, "left the group", line.number)


async def _hand_over(work: RequestWork, person: str, *, acts: bool, kept_from: Collection[str]) -> None:
    """What they ordered has somebody to act for the requester again. A restricted record may be about the manager."""
    restricted_to = work.process.restricted_to
    group = work.organisation.organisation.leavers_group
    if restricted_to:
        audience = [f"g:{group}" for group in restricted_to]
        acting = audience
    else:
        audience = await _hand_up(work, person, kept_from)
        acting = audience[1:] or audience
    if acts:
        work.process.in_their_place = acting
        for one in acting:
            work.show_to(one, Relation.REQUESTER)
    if message := await _news(work, person, audience):
        gone = "requester.left" if acts else "beneficiary.left"
        work.note(gone, work.process.number, groups=restricted_to or [group])
        work.messages.append(message)


async def _news(work: RequestWork, person: str, audience: list[str]) -> Message | None:
    """That the person left, once to the same people: an order that is opened as they leave hears it by itself and by
    the directory's message.
    """
    number, left = work.process.number, await left_at(work.connection, person)
    identity = ":".join(["handed-over", number, person, left.isoformat() if left else "", *audience])
    if await is_posted(work.connection, identity):
        return None
    return Message(
        id=identity,
        event="person.left",
        number=number,
        subject=number,
        audience=sorted(set(audience)),
        facts={},
        at=work.at,
    )


async def _hand_up(work: RequestWork, person: str, kept_from: Collection[str]) -> list[str]:
    """It is on the list of those who look after leavers, and the manager's now, unless it is silent about them."""
    group = f"g:{work.organisation.organisation.leavers_group}"
    work.show_to(group, Relation.PROCESS_OWNER)
    above = [one for one in await staying_above(work.connection, person, work.at) if one not in kept_from]
    manager = [f"p:{one}" for one in above[:1]]
    for one in manager:
        work.show_to(one, Relation.REQUESTER)
    return [group, *manager]


async def unask_unknowing(work: RequestWork) -> None:
    """Whoever was asked before the process became silent about them sees the gate no more: it waits for the others."""
    kept = work.process.kept_from(work.at)
    if not kept or not any(gate.is_open for gate in work.process.gates.values()):
        return
    known = await approvers(work.connection, kept, None, work.at)
    about = kept | {one.natural for one in known.values()}
    for gate in work.process.gates.values():
        for person in [one.person for one in gate.eligible if {one.person, one.natural} & about]:
            if gate.is_open:
                await _leave_gate(work, gate, person, "gate.withheld")


async def _leave_gate(work: RequestWork, gate: Gate, person: str, why: str = "gate.left") -> None:
    """Who has left is not asked any more; where too few are left to approve, others are asked in their place."""
    leaver = [eligible for eligible in gate.eligible if eligible.person == person]
    gate.eligible = [eligible for eligible in gate.eligible if eligible.person != person]
    await release_approver(work.connection, gate.id, person)
    work.gates.add(gate.id)
    work.note(why, gate.id, person=person)
    if newcomers := await _instead(work, gate, leaver):
        gate.eligible += newcomers
        ask_people(work, gate, newcomers)
    settle(work, gate)


async def _instead(work: RequestWork, gate: Gate, leaver: list[Eligible]) -> list[Eligible]:
    """The manager of who left, then whoever the policy finds now; nobody who is asked or has voted already."""
    policy = work.organisation.approval_policies[gate.policy]
    stage, line = policy.stages[gate.stage], work.process.line(gate.line)
    present = {one.natural for one in gate.eligible} | {ballot.natural for ballot in gate.ballots}
    if present and can_be_satisfied(stage.rule, len(present)):
        return []
    found = await one_level_up(work, policy, line, leaver)
    newcomers = [one for one in found if one.natural not in present]
    if newcomers:
        return newcomers
    values = await values_of(work.connection, work.process, line)
    found = await find_eligible(work, policy, stage, line, values)
    return [one for one in found if one.natural not in present]
