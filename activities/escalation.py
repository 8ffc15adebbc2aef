"""Whom something late goes to: never to somebody outside of a restricted record, and never to nobody."""

from collections.abc import Iterable
from typing import Any

from activities.work import Work
from steadydesk.contracts.audit_views import SecurityEventKind
from steadydesk.contracts.grant import GrantProcess
from steadydesk.contracts.request import RequestProcess
from steadydesk.policies.rights import Relation
from steadydesk.records.directory_approvers import group_manager, group_members
from steadydesk.records.directory_facts import administrators, process_owners
from steadydesk.records.identifiers import new_id
from steadydesk.records.outbox import Message
from steadydesk.records.security import note_security_event
from steadydesk.records.silence import kept_from

_UNATTENDED = SecurityEventKind.UNATTENDED


async def to_manager(work: Work[Any], group: str, function: str) -> list[str]:
    """The audience of a first escalation: the manager of the late group, who comes to see the record; without one who
    may, the process owners. In a restricted record the manager of that group or of a named one, if they are in a
    named group; else whoever ``to_owners`` finds.
    """
    process: RequestProcess | GrantProcess = work.process
    manager = await group_manager(work.connection, group)
    if process.restricted_to:
        named = [await group_manager(work.connection, key) for key in process.restricted_to]
        inside = await _inside(work)
        return _first([manager, *named], inside) or await _among(work, inside, function)
    if manager is None or await kept_from(work.connection, process.number, [manager], work.at):
        return [f"f:{function}"]
    work.show_to(f"p:{manager}", Relation.FULFILMENT_GROUP)
    return [f"p:{manager}"]


async def to_owners(work: Work[Any], function: str) -> list[str]:
    """The audience of the last one: the process owners; in a restricted record those of them who are in a named group,
    else these groups.
    """
    if not work.process.restricted_to:
        return [f"f:{function}"]
    return await _among(work, await _inside(work), function)


async def _inside(work: Work[Any]) -> set[str]:
    """Who is in a group that the restricted record names, and may know of it."""
    keys = work.process.restricted_to
    members = {one for key in keys for one in await group_members(work.connection, key)}
    return members - await kept_from(work.connection, work.process.number, members, work.at)


def _first(asked: Iterable[str | None], inside: set[str]) -> list[str]:
    return next(([f"p:{one}"] for one in asked if one in inside), [])


async def _among(work: Work[Any], inside: set[str], function: str) -> list[str]:
    owners = await process_owners(work.connection, function)
    if seeing := [f"p:{one}" for one in owners if one in inside]:
        return seeing
    if not inside:
        await _report(work, function)
    return [f"g:{key}" for key in work.process.restricted_to]


async def _report(work: Work[Any], function: str) -> None:
    """Nobody is there: who can put somebody there hears that it has to be done, of which groups, and no more."""
    process, identity = work.process, new_id("ua")
    owners = set(await process_owners(work.connection, function))
    owners -= await kept_from(work.connection, process.number, owners, work.at)
    told = sorted(f"p:{one}" for one in owners or await administrators(work.connection))
    await note_security_event(work.connection, _UNATTENDED, process.number, work.at, detail=identity)
    work.note("escalation.unattended", process.number, groups=process.restricted_to)
    for group in process.restricted_to:
        facts = {"kind": function, "group": group}
        message = Message(
            id=f"{_UNATTENDED.value}:{identity}:{group}",
            event="task.unattended",
            number=identity,
            audience=told,
            facts=facts,
            at=work.at,
        )
        work.messages.append(message)
