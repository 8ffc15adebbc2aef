"""The inbox of approvals as its page shows it: each with what it is about and for whom the viewer is asked, in one
statement.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Subquery,
    and_,
    any_,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.contracts.agenda import WaitingKind
from steadydesk.contracts.gate import ApproverState
from steadydesk.contracts.language import in_language
from steadydesk.contracts.views import PersonRef
from steadydesk.policies.approval_bulk import BulkItem
from steadydesk.records import configuration
from steadydesk.records.tables.approval import approver, as_opened, gate
from steadydesk.records.tables.base import NEVER
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.process import record
from steadydesk.records.views.approvals import (
    GateOrder,
    asked_gates,
    gate_facts,
    in_order,
    in_their_name,
    people_of,
    seen_gate,
)
from steadydesk.records.views.visibility import Viewer


@dataclass(frozen=True)
class AskedFor:
    """In whose name the viewer is asked, and what became of it (a value of ``ApproverState``)."""

    person: PersonRef
    state: str


@dataclass(frozen=True)
class InboxEntry:
    """A gate with the order line that it decides."""

    id: str
    number: str
    line: str
    policy: str
    stage: str
    label: str
    state: str
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    title: str
    quantity: int
    amount: float
    currency: str | None
    restricted: bool
    opened_by: PersonRef
    caller: PersonRef
    configuration: str
    changed: bool
    """It is asked again, since something has changed."""
    waits_for_answer: bool
    asked: list[AskedFor] = field(default_factory=list[AskedFor])

    @property
    def is_asked(self) -> bool:
        """Whether the viewer, or somebody whom they stand for, has still to decide."""
        return any(one.state == ApproverState.REQUESTED for one in self.asked)


async def approval_inbox(
    connection: AsyncConnection,
    viewer: Viewer,
    states: Sequence[str],
    limit: int,
    after: tuple[datetime, str] | None = None,
    order: GateOrder = GateOrder.DUE,
) -> list[InboxEntry]:
    """What the viewer is asked, in these states of theirs; ``after`` is ``instant_of`` and id of the entry before. DUE
    is an order of what is REQUESTED alone.
    """
    page = asked_gates(viewer, states, limit, after, order)
    statement = _entries(viewer, page, page.c.gate)
    rows = (await connection.execute(statement.order_by(*in_order(page.c.at, gate.c.id, order)))).all()
    return [_entry(row, viewer.language) for row in rows]


def instant_of(entry: InboxEntry, order: GateOrder) -> datetime:
    """By which it stands in an inbox of this order."""
    return (entry.due_at or NEVER) if order is GateOrder.DUE else entry.opened_at


async def approvals_named(
    connection: AsyncConnection, viewer: Viewer, gates: Collection[str]
) -> list[InboxEntry]:
    """These gates, of those at which the viewer is or was asked; the oldest first."""
    mine = select(approver.c.gate).where(approver.c.gate == gate.c.id, _of(viewer))
    wanted = gate.c.id == any_(literal(sorted(gates), ARRAY(Text)))
    chosen = select(gate.c.id).where(wanted, mine.exists(), seen_gate(viewer)).subquery()
    statement = _entries(viewer, chosen, chosen.c.id).order_by(*as_opened(gate))
    return [_entry(row, viewer.language) for row in (await connection.execute(statement)).all()]


async def bulk_items(connection: AsyncConnection, entries: Sequence[InboxEntry]) -> list[BulkItem]:
    """What decides whether these may be decided together, by the version that each record keeps."""
    return [
        BulkItem(
            gate=entry.id,
            policy=entry.policy,
            open=entry.is_asked,
            restricted=entry.restricted,
            amount=entry.amount,
            currency=entry.currency,
            limit=await _limit(connection, entry),
        )
        for entry in entries
    ]


async def _limit(connection: AsyncConnection, entry: InboxEntry) -> float | None:
    organisation = (await configuration.get(connection, entry.configuration)).organisation
    return organisation.approval_policies[entry.policy].bulk_limit


def _entries(viewer: Viewer, page: Subquery, identity: ColumnElement[str]) -> Select[Any]:
    line, whole = record.alias("line"), record.alias("whole")
    opener, caller = person.alias("opener"), person.alias("caller")
    return (
        select(
            gate,
            line.c.short_description.label("title"),
            line.c.quantity,
            line.c.amount,
            line.c.currency,
            line.c.waiting,
            whole.c.restricted,
            line.c.configuration,
            *_named(opener, "opener"),
            *_named(caller, "caller"),
            _asked(viewer).label("asked"),
        )
        .join(page, identity == gate.c.id)
        .join(line, line.c.number == gate.c.line)
        .join(whole, whole.c.number == gate.c.owner)
        .outerjoin(opener, opener.c.id == line.c.opened_by)
        .outerjoin(caller, caller.c.id == line.c.caller)
    )


def _named(who: Any, prefix: str) -> list[ColumnElement[Any]]:
    return [who.c[name].label(f"{prefix}_{name}") for name in ("id", "name", "user_name")]


def _of(viewer: Viewer) -> ColumnElement[bool]:
    return and_(approver.c.person == any_(literal(people_of(viewer), ARRAY(Text))), in_their_name(viewer))


def _asked(viewer: Viewer) -> ScalarSelect[Any]:
    """The viewer's own part first."""
    own = approver.c.person == viewer.person
    each = func.jsonb_build_object(
        "id", person.c.id, "name", person.c.name, "user_name", person.c.user_name, "state", approver.c.state
    )
    rows = (
        select(each.label("one"))
        .join(person, person.c.id == approver.c.person)
        .where(approver.c.gate == gate.c.id, _of(viewer))
        .order_by(own.desc(), person.c.name)
        .correlate(gate)
        .lateral("each_asked")
    )
    return select(func.coalesce(func.jsonb_agg(rows.c.one), cast(literal("[]"), JSONB))).scalar_subquery()


def _entry(row: Row[Any], language: str) -> InboxEntry:
    return InboxEntry(
        **gate_facts(row, language),
        title=in_language(row.title, language),
        quantity=row.quantity or 1,
        amount=float(row.amount or 0),
        currency=row.currency,
        restricted=row.restricted,
        opened_by=_person(row.opener_id, row.opener_name, row.opener_user_name),
        caller=_person(row.caller_id, row.caller_name, row.caller_user_name),
        configuration=row.configuration,
        changed=bool(row.changed),
        waits_for_answer=_waits_for_answer(row),
        asked=[
            AskedFor(_person(one["id"], one["name"], one["user_name"]), one["state"]) for one in row.asked
        ],
    )


def _person(identity: str | None, name: str | None, user_name: str | None) -> PersonRef:
    return PersonRef(id=identity or "", name=name or "", user_name=user_name)


def _waits_for_answer(row: Row[Any]) -> bool:
    kind = WaitingKind.INFORMATION.value
    return any(each["subject"] == row.id and each["kind"] == kind for each in row.waiting or [])
