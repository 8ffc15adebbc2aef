"""What a request keeps silent, about whom and until when, and to whom it is restricted: by its items and its parent."""

from datetime import datetime

from sqlalchemy import select

from activities.work import RequestWork
from steadydesk.contracts.request import RequestProcess
from steadydesk.policies.restriction import groups_of
from steadydesk.policies.rights import Relation
from steadydesk.records.sights import move_hour
from steadydesk.records.tables.process import process as process_table


async def restrict(work: RequestWork) -> None:
    """Keep the record to the groups of its models; a child to those of its parent as well, and what extends a grant to
    those of the grant.
    """
    process, organisation = work.process, work.organisation
    models = {organisation.catalog[line.item].model for line in process.lines}
    named = {key for model in models for key in organisation.process_models[model].restricted_to}
    outer = [process.parent, *(line.extends for line in process.lines)]
    kept = [await _restriction(work, number) for number in outer if number is not None]
    process.restricted_to = groups_of(named, next(filter(None, kept), ()))


async def keep_silent(work: RequestWork) -> None:
    """Where an item says so, who it is for hears and sees nothing before the latest of the effective dates; about whom
    the parent is silent, neither. Children that are open are told when the hour moves.
    """
    process, before = work.process, work.process.silent_until
    parent = await _parent(work)
    hours = [
        line.effective_at
        for line in process.lines
        if line.effective_at is not None and work.organisation.catalog[line.item].silent_until_effective
    ]
    about = process.beneficiaries if hours else set[str]()
    if parent is not None and parent.silent_until is not None:
        hours.append(parent.silent_until)
        about |= parent.not_to_know
    if not hours:
        return
    process.silent_until, process.silent_about = max(hours), sorted(about)
    for person in process.silent_about:
        show_to_beneficiary(work, person)
    if before is not None and process.silent_until != before:
        await _tell_children(work, process.silent_until)


def show_to_beneficiary(work: RequestWork, person: str) -> None:
    """The person of a line sees the record; one about whom it is silent from its hour on, and nothing of it before,
    also by no other relation. A restricted record is for one person: those of other lines are kept from it, and do not
    come to see it; nor does who is known to the parent alone.
    """
    process = work.process
    if person == process.opened_by:
        return
    from_ = process.silent_until if person in process.silent_about else None
    is_theirs = person == process.requested_for or (
        not process.restricted_to and person in process.beneficiaries
    )
    if is_theirs or from_ is not None:
        until = None if is_theirs else from_
        work.show_to(f"p:{person}", Relation.REQUESTED_FOR, from_=from_, until=until)


async def _tell_children(work: RequestWork, hour: datetime) -> None:
    """With their date, the same or another one, they learn it; grants, and those that have ended, hear nothing."""
    runs = [run for line in work.process.lines for run in line.steps.values()]
    for run in runs:
        if run.child is not None and not run.state.has_ended:
            run.dates += 1
    quiet = {run.grant for run in runs} | {run.child for run in runs if run.state.has_ended}
    await move_hour(work.connection, {number for number in quiet if number}, hour)


async def _restriction(work: RequestWork, number: str) -> list[str]:
    asked = select(process_table.c.document["restricted_to"]).where(process_table.c.number == number)
    return await work.connection.scalar(asked) or []


async def _parent(work: RequestWork) -> RequestProcess | None:
    if work.process.parent is None:
        return None
    asked = select(process_table.c.document).where(process_table.c.number == work.process.parent)
    document = await work.connection.scalar(asked)
    return RequestProcess.model_validate(document) if document is not None else None
