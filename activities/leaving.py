"""A person has left: their place in this process goes to somebody who is there."""

from activities.approvers import find_eligible, one_level_up
from activities.gates import ask_people, settle
from activities.values import values_of
from activities.work import RequestWork
from steadydesk.contracts.gate import Gate
from steadydesk.contracts.request import TaskState
from steadydesk.policies.rights import Relation


async def person_left(work: RequestWork, person: str) -> None:
    """Leavers drop out of open gates, their votes stay; tasks go back to the queue, what they own to the manager."""
    for gate in work.process.gates.values():
        if gate.is_open and any(eligible.person == person for eligible in gate.eligible):
            await _leave_gate(work, gate, person)
    for line in work.process.lines:
        for run in line.steps.values():
            for task in (run.task, run.undo_task):
                if task is not None and task.is_open and task.assigned_to == person:
                    task.assigned_to, task.state = None, TaskState.OPEN
                    work.note("task.returned", task.number, reason="person left")
                    work.tell("task.opened", [f"g:{task.group}"], task.number, line=line.number)
    if person in (work.process.opened_by, work.process.requested_for):
        group = work.organisation.organisation.leavers_group
        work.show_to(f"g:{group}", Relation.PROCESS_OWNER)
        work.note("requester.left", work.process.number, group=group)
        work.tell("person.left", [f"g:{group}"], work.process.number)


async def _leave_gate(work: RequestWork, gate: Gate, person: str) -> None:
    leaver = [eligible for eligible in gate.eligible if eligible.person == person]
    gate.eligible = [eligible for eligible in gate.eligible if eligible.person != person]
    work.gates.add(gate.id)
    work.note("gate.left", gate.id, person=person)
    policy = work.organisation.approval_policies[gate.policy]
    line = work.process.line(gate.line)
    if not gate.eligible:
        gate.eligible = await one_level_up(work, policy, line, leaver)
    if not gate.eligible:
        gate.eligible = await find_eligible(
            work,
            policy,
            policy.stages[gate.stage],
            line,
            await values_of(work.connection, work.process, line),
        )
    ask_people(work, gate)
    settle(work, gate)
