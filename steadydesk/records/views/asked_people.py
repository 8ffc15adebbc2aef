"""Who is asked at gates, with the vote that counts for each: whoever cast it, for themselves or as a delegate."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, func, select, true

from steadydesk.contracts.gate import ApproverState
from steadydesk.contracts.views import ApproverView
from steadydesk.records.tables.approval import approver, vote
from steadydesk.records.tables.directory import person
from steadydesk.records.views.people import Names

_DECIDED = (ApproverState.APPROVED.value, ApproverState.REJECTED.value)


def asked_people(gates: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """The rows of ``approver`` with ``decided_by`` and ``decided_at``, which are None where no vote counts. A vote that
    was withdrawn leaves its person asked again, so that the newest one of who has decided is the one that counts.
    """
    behind = select(func.coalesce(person.c.natural_person, person.c.id))
    natural = behind.where(person.c.id == approver.c.person).correlate(approver).scalar_subquery()
    counts = (
        select(vote.c.voter.label("decided_by"), vote.c.at.label("decided_at"))
        .where(approver.c.state.in_(_DECIDED))
        .where(vote.c.gate == approver.c.gate, vote.c.natural_person == natural)
        .order_by(vote.c.seq.desc())
        .limit(1)
        .correlate(approver)
        .lateral("counts")
    )
    return select(approver, counts).outerjoin(counts, true()).where(gates)


def approver_view(row: RowMapping | Mapping[str, Any], names: Names) -> ApproverView:
    """Of a row of ``asked_people``."""
    return ApproverView(
        person=names.of(row["person"]),
        state=row["state"],
        capacity=row["capacity"],
        decided_by=names.maybe(row["decided_by"]),
        decided_at=row["decided_at"],
    )
