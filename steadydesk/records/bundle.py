"""Everything that one transition writes, as one statement: one round trip, however many kinds of rows it has."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Table, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Boolean, Text

from steadydesk.contracts.delivery import Message
from steadydesk.records.tables.approval import approver, gate, vote
from steadydesk.records.tables.delivery import in_app, outbox
from steadydesk.records.tables.journal import audit, journal
from steadydesk.records.tables.process import record, sight

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Bundle:
    """The rows of one step of the process ``number``, its document and result as JSON; ``new`` inserts the document,
    else it is replaced.
    """

    number: str
    step: str
    version: int
    at: datetime
    document: str
    result: str
    new: bool = False
    open: bool = True
    """Whether the process goes on."""
    records: Rows = ()
    gates: Rows = ()
    approvers: Rows = ()
    votes: Rows = ()
    answered: Rows = ()
    """``gate`` and ``person``: whom the in-app list need not tell any more that they are asked."""
    journal: Rows = ()
    audit: Rows = ()
    sights: Rows = ()
    messages: Sequence[Message] = ()
    texts: Collection[str] = ()
    """References that the record keeps from the sweep."""


async def write(connection: AsyncConnection, bundle: Bundle) -> None:
    """Write all of it. A step that was written before is an IntegrityError."""
    await connection.execute(
        _WRITE,
        {
            "number": bundle.number,
            "step": bundle.step,
            "version": bundle.version,
            "document": bundle.document,
            "result": bundle.result,
            "is_new": bundle.new,
            "record": _json(bundle.records),
            "gate": _json(bundle.gates),
            "approver": _json(_last(bundle.approvers, "gate", "person")),
            "vote": _json(bundle.votes),
            "answered": _json(bundle.answered),
            "at": bundle.at,
            "journal": _json(bundle.journal),
            "audit": _json(bundle.audit),
            "sight": _json(_last(bundle.sights, "subject", "number", "why")),
            "open": bundle.open,
            "outbox": _json(bundle.messages),
            "texts": list(bundle.texts),
        },
    )


def _last(rows: Rows, *key: str) -> Rows:
    """One row per key: a statement may not change a row twice."""
    return list({tuple(row[name] for name in key): row for row in rows}.values())


def _json(value: object) -> str:
    return to_json(value).decode()


def _insert(
    table: Table, *left_out: str, conflict: str = "", instead: Mapping[str, str] = MappingProxyType({})
) -> str:
    """INSERT of the JSON rows in the parameter of the table's name, in their order; the table gives the types.
    ``instead`` are columns that take the same value in each row.
    """
    names = [column.name for column in table.columns if column.name not in left_out]
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(instead.get(name, f'"{name}"') for name in names)
    rows = f"jsonb_populate_recordset(CAST(NULL AS public.{table.name}), CAST(:{table.name} AS jsonb))"
    # Names of our own tables and columns: nothing that anybody could put in.
    return (
        f"INSERT INTO {table.name} ({columns})"  # noqa: S608
        f" SELECT {values} FROM {rows} WITH ORDINALITY AS n ORDER BY n.ordinality {conflict}"
    )


def _replace(table: Table, *key: str, keep: Collection[str] = ()) -> str:
    """What a conflict does: every column but the key and ``keep`` takes the new value."""
    names = [column.name for column in table.columns if column.name not in {*key, *keep}]
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in names)
    return f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"


_GATE_STAYS = ("owner", "line", "policy", "stage", "label", "content_hash", "opened_at", "changed")
_CREATE = """
    INSERT INTO process (number, version, document)
    SELECT :number, :version, CAST(:document AS jsonb) WHERE :is_new"""
_STORE = """
    UPDATE process SET version = :version, document = CAST(:document AS jsonb)
     WHERE number = :number AND NOT :is_new"""
_ANSWERED = """
    UPDATE in_app SET read_at = :at
      FROM outbox, jsonb_to_recordset(CAST(:answered AS jsonb)) AS told (gate text, person text)
     WHERE outbox.number = :number AND outbox.subject = told.gate
       AND outbox.event IN ('approval.requested', 'approval.reminder', 'approval.escalated')
       AND in_app.person = told.person AND in_app.outbox_id = outbox.id AND in_app.read_at IS NULL"""
_SEEN = """
    UPDATE sight SET open = :open, changed_at = :at
     WHERE number = :number AND (subject, why) NOT IN (
         SELECT shown.subject, shown.why
           FROM jsonb_to_recordset(CAST(:sight AS jsonb)) AS shown (subject text, why text))"""
_WRITES = (
    _CREATE,
    _STORE,
    _insert(
        record,
        "correlation_id",
        conflict=_replace(
            record, "number", keep=("kind", "owner", "opened_by", "opened_at", "correlation_id")
        ),
    ),
    _insert(gate, conflict=_replace(gate, "id", keep=_GATE_STAYS)),
    _insert(approver, conflict=_replace(approver, "gate", "person", keep=("capacity", "opened_at"))),
    _insert(vote),
    _insert(journal, "id"),
    _insert(audit, "seq", "written_at"),
    _SEEN,
    _insert(
        sight,
        conflict=_replace(sight, "subject", "number", "why"),
        instead={"open": ":open", "changed_at": ":at"},
    ),
    _insert(outbox, "seq", "fanned_out_at", conflict="ON CONFLICT (id) DO NOTHING"),
    _ANSWERED,
    "UPDATE text_body SET number = :number WHERE ref = ANY(:texts)",
)
_WRITE = text(
    "WITH "  # noqa: S608 - our own statements
    + ", ".join(f"w{place} AS ({statement})" for place, statement in enumerate(_WRITES))
    + " INSERT INTO step_result (number, step, result) VALUES (:number, :step, CAST(:result AS jsonb))"
).bindparams(
    bindparam("texts", type_=ARRAY(Text)),
    bindparam("is_new", type_=Boolean),
    bindparam("open", type_=Boolean),
    bindparam("at", type_=in_app.c.read_at.type),
)
