"""Fills a database with copies of real requests: the rows that lists and inboxes read, with other people and dates."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.jobs import Direct
from bench.scene import APPROVER, REQUESTER, Scene

PEOPLE = 2_000
OWN = 100
"""Waiting requests of the requester, all at the approver: the same at every size, so that pages are equally full."""
RARE = 1_000_000 + OWN + 1
"""The digits of a request that has a name of its own, at every size."""

_OPENED = "i % 100 < 2"
_THEIRS = "i % 100 = 2"
"""One of a hundred was decided by the approver: the past of their inbox grows with the database."""


@dataclass(frozen=True)
class Templates:
    """Numbers of two real requests."""

    waiting: str
    ended: str


async def fill(on: Scene, records: int) -> None:
    """``records`` numbered records: half of them requests, half their lines."""
    job = Direct(on)
    templates = Templates(await job.open(), await job.open())
    await job.decide(templates.ended)
    await job.end(templates.ended)
    async with on.owner.connect() as connection:
        await connection.execute(_COLLEAGUES, {"of": on.people[REQUESTER], "people": PEOPLE})
        await _copy(connection, templates.waiting, 1, OWN, on.people[REQUESTER], on.people[APPROVER], "true")
        first, last = OWN + 1, max(OWN + 1, records // 2)
        await _copy(connection, templates.waiting, first, last, where=_OPENED)
        await _copy(connection, templates.ended, first, last, approver=on.people[APPROVER], where=_THEIRS)
        await _copy(connection, templates.ended, first, last, where=f"NOT ({_OPENED}) AND NOT ({_THEIRS})")
        await connection.execute(_RARE, {"request": f"REQ{RARE}"})
        await connection.execute(_SURVEYS)
        await connection.execute(text("VACUUM ANALYZE"))


async def _copy(
    connection: AsyncConnection,
    template: str,
    first: int,
    last: int,
    requester: str | None = None,
    approver: str | None = None,
    where: str = "true",
) -> None:
    """Copies number ``first`` to ``last``; people are named, or drawn from the colleagues by the copy's number."""
    values = {
        "template": template,
        "first": first,
        "last": last,
        "requester": requester,
        "approver": approver,
    }
    for table, (of, changes) in _TABLES.items():
        changed = ", ".join(f"'{column}', {value}" for column, value in changes.items())
        statement = (
            f"INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object({changed}))).*"
            f" FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS i, public.{table} AS t"
            f" WHERE t.{of} AND ({where})"
        )
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        await connection.execute(text(statement), used)


_NUMBERED = "regexp_replace(t.{}, '[0-9]+', CAST(1000000 + i AS text))"
_REQUESTER = f"coalesce(CAST(:requester AS text), 'p_bench' || (i * 7919 % {PEOPLE}))"
_APPROVER = f"coalesce(CAST(:approver AS text), 'p_bench' || (i * 7919 % {PEOPLE} / 20))"
_EARLIER = "t.{} - i * interval '1 minute'"
_ASKED = "t.opened_at - (i + i * 7919 % 3000) * interval '1 minute'"
"""Approvals took up to two days."""
_DOCUMENT = (
    "CAST(regexp_replace(CAST(t.document AS text), '(REQ|RITM|SCTASK)[0-9]+',"
    " '\\1' || CAST(1000000 + i AS text), 'g') AS jsonb)"
)
_TABLES = {
    "process": (
        "number = :template",
        {"number": _NUMBERED.format("number"), "document": _DOCUMENT},
    ),
    "record": (
        "owner = :template",
        {
            "number": _NUMBERED.format("number"),
            "owner": _NUMBERED.format("owner"),
            "opened_by": _REQUESTER,
            "caller": _REQUESTER,
            "opened_at": _EARLIER.format("opened_at"),
            "updated_at": _EARLIER.format("updated_at"),
            "closed_at": _EARLIER.format("closed_at"),
            "taken_seconds": "t.taken_seconds + t.promised_seconds * (i * 7919 % 1000) / 800",
        },
    ),
    "sight": (
        "number = :template",
        {
            "number": _NUMBERED.format("number"),
            "changed_at": _EARLIER.format("changed_at"),
            "subject": f"CASE t.why WHEN 'requester' THEN 'p:' || {_REQUESTER}"
            f" WHEN 'approver' THEN 'p:' || {_APPROVER} ELSE t.subject END",
        },
    ),
    "gate": (
        "owner = :template",
        {
            "id": _NUMBERED.format("id"),
            "owner": _NUMBERED.format("owner"),
            "line": _NUMBERED.format("line"),
            "opened_at": _ASKED,
            "closed_at": _EARLIER.format("closed_at"),
        },
    ),
    "approver": (
        "gate = :template || '-G1'",
        {
            "gate": _NUMBERED.format("gate"),
            "person": _APPROVER,
            "opened_at": _ASKED,
        },
    ),
}
_COLLEAGUES = text("""
    INSERT INTO person
    SELECT (jsonb_populate_record(t, jsonb_build_object('id', 'p_bench' || i, 'user_name', 'bench.' || i))).*
      FROM generate_series(0, CAST(:people AS int) - 1) AS i, public.person AS t WHERE t.id = :of
""")
_RARE = text("""
    UPDATE record SET item = 'bench-rarity', short_description = '{"en": "Bench rarity"}' WHERE owner = :request
""")
_SURVEYS = text("""
    INSERT INTO survey (number, person, state, score, sent_at, answered_at)
    SELECT number, caller, 'answered', 1 + abs(hashtext(number)) % 5, closed_at, closed_at
      FROM record WHERE kind = 'REQ' AND NOT open AND number LIKE '%0'
    ON CONFLICT DO NOTHING
""")
"""One of ten is answered."""
