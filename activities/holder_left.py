"""Whom something was ordered for has left: access that they were given goes at once, and what would give more ends."""

from activities.child_order import process_of
from activities.closing import begin_undo
from activities.work import RequestWork
from steadydesk.contracts.catalog import PeopleOperation
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line
from steadydesk.policies.plan import HOLDER_LEFT, ends_with_holder
from steadydesk.policies.request import BeginUndo
from steadydesk.records.directory_facts import has_left


async def holder_left(work: RequestWork, person: str) -> None:
    """Lines that give access to the person are taken back, access first; by which they leave, go on to their end. Who
    is back since the message was posted keeps everything; a future person loses nothing by who ordered for them.
    """
    theirs = [line for line in work.process.lines if line.is_open and line.requested_for == person]
    lines = [line for line in theirs if not line.for_future_person]
    if not lines or not await has_left(work.connection, person):
        return
    serves = await _serves_leaving(work, person)
    for line in lines:
        line.holder_left = True
        if not serves and ends_with_holder(work.organisation.catalog[line.item]) and not _is_extending(line):
            await _take_back(work, line)


async def _take_back(work: RequestWork, line: Line) -> None:
    """What is being taken back already is not begun again; what was to be returned goes for good."""
    if line.phase is not Phase.UNDOING:
        work.note("holder.left", line.number)
        await begin_undo(work, BeginUndo(line, HOLDER_LEFT))
    elif line.returning:
        work.note("holder.left", line.number)
        line.returning, line.close_code = False, HOLDER_LEFT


def _is_extending(line: Line) -> bool:
    """Its grant, which has heard itself that its holder left, is being told a new end: it says how the line ends."""
    return line.extends is not None and line.phase in (Phase.FULFILMENT, Phase.PENDING)


async def _serves_leaving(work: RequestWork, person: str) -> bool:
    """Whether the order is part of one by which the person leaves, however far above."""
    process = work.process
    while process.parent is not None:
        child, step = process.number, process.parent_step
        process = await process_of(work.connection, process.parent)
        for line in process.lines:
            run = line.steps.get(step or "")
            if run is None or run.child != child or line.requested_for != person:
                continue
            if work.organisation.catalog[line.item].people_operation is PeopleOperation.LEAVER:
                return True
    return False
