"""Watchers of a request: who may become one, who may end it, and that sight ends with it."""

from activities.lines import must_be_open
from activities.work import RequestWork
from steadydesk.contracts.request_commands import Watch
from steadydesk.errors import InvalidInput, NotAllowed
from steadydesk.policies.rights import Relation, Verb, may
from steadydesk.records.directory_standing import standing
from steadydesk.records.silence import kept_from
from steadydesk.records.views.visibility import Viewer, relations


async def watch(work: RequestWork, command: Watch) -> None:
    """Let somebody see the record and hear of it, or end that."""
    must_be_open(work)
    watchers, subject = work.process.watchers, f"p:{command.person}"
    if command.add:
        await _must_be_fit(work, command.person)
        if command.person not in watchers:
            watchers.append(command.person)
            if work.actor.whose_right != command.person:
                work.process.let_watch_by[command.person] = work.actor.whose_right
        # Also for a watcher whose sight had ended with a group.
        work.show_to(subject, Relation.WATCHER)
    elif command.person in watchers:
        await _must_be_theirs_to_end(work, command.person)
        watchers.remove(command.person)
        work.process.let_watch_by.pop(command.person, None)
        work.hide_from(subject, Relation.WATCHER)
    work.note("watchers.changed", work.process.number, person=command.person, add=command.add)


async def _must_be_theirs_to_end(work: RequestWork, watcher: str) -> None:
    """The watcher, who named them, and those whom the matrix lets end anybody's watching."""
    ends = work.actor.whose_right
    if ends in (watcher, work.process.let_watch_by.get(watcher)):
        return
    who = await standing(work.connection, ends, work.at)
    number = work.process.number
    seen = await relations(work.connection, Viewer.of(who, work.at), number) if who is not None else []
    if not may(Verb.REMOVE_WATCHER, seen):
        raise NotAllowed(f"you did not name this watcher of {number}; who asked for it or works on it may")


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
    if await kept_from(work.connection, process.number, [person], work.at):
        raise NotAllowed(f"{process.number} is kept from this person for now")
