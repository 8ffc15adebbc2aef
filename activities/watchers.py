"""Watchers of a request: who may become one, and that sight ends with it."""

from activities.work import RequestWork
from steadydesk.contracts.request_commands import Watch
from steadydesk.errors import InvalidInput, NotAllowed
from steadydesk.policies.rights import Relation
from steadydesk.records.directory_standing import standing


async def watch(work: RequestWork, command: Watch) -> None:
    """Let somebody see the record and hear of it, or end that."""
    watchers, subject = work.process.watchers, f"p:{command.person}"
    if command.add and command.person not in watchers:
        await _must_be_fit(work, command.person)
        watchers.append(command.person)
        work.show_to(subject, Relation.WATCHER)
    elif not command.add and command.person in watchers:
        watchers.remove(command.person)
        work.hide_from(subject, Relation.WATCHER)
    work.note("watchers.changed", work.process.number, person=command.person, add=command.add)


async def _must_be_fit(work: RequestWork, person: str) -> None:
    """Nobody watches what is kept from them: a restricted record is for its named groups, a silent one not for
    the person that it is about.
    """
    process = work.process
    who = await standing(work.connection, person, work.at)
    if who is None or not who.person.active:
        raise InvalidInput("only active people watch", pointer="/person")
    if process.restricted_to and who.groups.isdisjoint(process.restricted_to):
        raise NotAllowed(f"{process.number} is restricted; only members of its groups watch it")
    silent = process.silent_until is not None and work.at < process.silent_until
    if silent and person in {process.requested_for, *(line.requested_for for line in process.lines)}:
        raise NotAllowed(f"{process.number} is kept from this person for now")
