"""What a process could not hear while somebody had ended it: who has left, or is out of the group of their task."""

from activities import grant_effects
from activities.grant_effects import GrantWork
from activities.grant_requester import answering
from activities.leaving import membership_ended, person_left
from activities.work import RequestWork
from steadydesk.contracts.request import RequestProcess
from steadydesk.contracts.request_commands import TellRequest
from steadydesk.policies.assertion import unsigned
from steadydesk.records.directory_facts import leavers


async def hear_of_leavers(work: RequestWork) -> None:
    """As if each message had come: those for a run that has ended are not sent again."""
    if work.process.closed_at is not None:
        return
    for person in sorted(await leavers(work.connection, _named(work.process))):
        await person_left(work, person)
    assigned = [(task.assigned_to, task.group) for _, _, task in work.process.tasks() if task.is_open]
    for person, group in assigned:
        if person is not None:
            await membership_ended(work, person, group)


async def hear_of_holder(work: GrantWork) -> None:
    """The same of a grant: its holder, who ordered it or acts for them, and who has the task of its undo."""
    grant = work.process
    people = {grant.holder} | answering(grant)
    if grant.task is not None and grant.task.is_open and grant.task.assigned_to is not None:
        people.add(grant.task.assigned_to)
    # The holder last: that it is taken back is for who acts by then.
    for person in sorted(await leavers(work.connection, people), key=lambda one: (one == grant.holder, one)):
        word = TellRequest(assertion=unsigned(), event="person_left", subject=person)
        await grant_effects.hear(work, word)


def _named(process: RequestProcess) -> set[str]:
    """Whose departure it has not heard of: who is asked or has a task, whom it is for, who acts as requester."""
    people = {one.person for gate in process.gates.values() if gate.is_open for one in gate.eligible}
    people |= {task.assigned_to for _, _, task in process.tasks() if task.is_open and task.assigned_to}
    held = [line for line in process.lines if not (line.holder_left or line.for_future_person)]
    people |= {line.requested_for for line in held if line.is_open}
    acting = process.in_their_place or [f"p:{process.opened_by}"]
    return people | {one.removeprefix("p:") for one in acting if one.startswith("p:")}
