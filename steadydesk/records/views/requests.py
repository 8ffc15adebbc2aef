"""A whole request: its record, lines with their answers, tasks and approvals."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.views import LineView, OpenedLine, OpenedRequest, RecordView, RequestView
from steadydesk.policies.form import sensitive
from steadydesk.policies.order_dates import present_answers
from steadydesk.records import configuration, texts
from steadydesk.records.tables.process import process, record
from steadydesk.records.views.approvals import approvals_of
from steadydesk.records.views.links import followed
from steadydesk.records.views.people import names_of
from steadydesk.records.views.records import fields_of, waiting_of
from steadydesk.records.views.visibility import Viewer, relations, visible


async def find_request(connection: AsyncConnection, viewer: Viewer, number: str) -> RequestView | None:
    """The request as the viewer may see it, or None. Its own configuration says which answers are sensitive."""
    rows = (
        await connection.execute(
            select(record).where(record.c.owner == number, visible(viewer)).order_by(record.c.number)
        )
    ).all()
    whole = next((row for row in rows if row.number == number), None)
    if whole is None:
        return None
    organisation = (await configuration.get(connection, whole.configuration)).organisation
    names = await names_of(
        connection, [p for row in rows for p in (row.opened_by, row.caller, row.assigned_to)]
    )
    fields = {row.number: fields_of(row, names, viewer.language) for row in rows}
    words = await _words(connection, number)
    lines = [row for row in rows if row.kind == RecordKind.REQUEST_LINE.value]
    return RequestView(
        **fields[number],
        note=words.get(number),
        items=[_line(row, fields[row.number], words, organisation) for row in lines],
        tasks=[RecordView(**fields[row.number]) for row in rows if row.kind == RecordKind.TASK.value],
        approvals=await approvals_of(connection, number, viewer.language),
        relations=await relations(connection, viewer, number),
        **await followed(connection, viewer, number),
    )


_OPENED = (
    record.c.number,
    record.c.item,
    record.c.quantity,
    record.c.state,
    record.c.expected_at,
    record.c.waiting,
    record.c.version,
)


async def opened_request(connection: AsyncConnection, number: str) -> OpenedRequest | None:
    """What the person who ordered is answered, by one statement; None where the process has not opened."""
    kinds = (RecordKind.REQUEST.value, RecordKind.REQUEST_LINE.value)
    wanted = select(*_OPENED).where(record.c.owner == number, record.c.kind.in_(kinds))
    rows = (await connection.execute(wanted.order_by(record.c.number))).all()
    whole = next((row for row in rows if row.number == number), None)
    if whole is None:
        return None
    lines = [row for row in rows if row.number != number]
    return OpenedRequest(
        number=number,
        state=whole.state,
        items=[OpenedLine.model_validate(row, from_attributes=True) for row in lines],
        expected_at=whole.expected_at,
        waiting=waiting_of(whole.waiting),
        version=whole.version,
    )


def _line(
    row: Row[Any], fields: dict[str, Any], words: Mapping[str, Any], organisation: Organisation
) -> LineView:
    answers = open_answers(organisation, row.item, words.get(row.number), row.effective_at)
    return LineView(**fields, progress=row.progress, variables=answers)


def open_answers(
    organisation: Organisation, key: str, answers: Any, effective_at: datetime | None
) -> dict[str, Any]:
    """The answers that everybody who sees the line may read, with the effective date that holds."""
    item = organisation.catalog.get(key)
    if item is None or not isinstance(answers, dict):
        return {}
    given = cast("dict[str, Any]", answers)
    present = present_answers(item, given, effective_at, organisation.calendars[item.calendar].zone)
    hidden = sensitive(item.form)
    return {name: value for name, value in present.items() if name not in hidden}


async def _words(connection: AsyncConnection, number: str) -> dict[str, Any]:
    """The note under the request's number, and each line's answers under the line's."""
    document = await connection.scalar(select(process.c.document).where(process.c.number == number))
    if document is None:
        return {}
    refs = {line["number"]: line["variables"]["ref"] for line in document["lines"]}
    if document.get("note"):
        refs[number] = document["note"]["ref"]
    bodies = await texts.read(connection, refs.values())
    return {key: bodies[ref] for key, ref in refs.items() if ref in bodies}


async def answers_of(
    connection: AsyncConnection, number: str, line_number: str
) -> tuple[str, dict[str, Any], str, bool]:
    """Item, form answers and beneficiary of one line, and whether that is for a future person; the caller has checked
    visibility.
    """
    document = await connection.scalar(select(process.c.document).where(process.c.number == number))
    line = next(line for line in (document or {})["lines"] if line["number"] == line_number)
    ref = line["variables"]["ref"]
    bodies = await texts.read(connection, [ref])
    for_future_person = line.get("for_future_person", False)
    return line["item"], bodies.get(ref) or {}, line["requested_for"], for_future_person


async def line_answers(
    connection: AsyncConnection, line_number: str
) -> tuple[dict[str, Any], datetime | None]:
    """The form answers of one line, the sensitive ones too, and its effective date; the caller has checked who may
    have them.
    """
    document = await connection.scalar(
        select(process.c.document)
        .join(record, record.c.owner == process.c.number)
        .where(record.c.number == line_number)
    )
    for line in (document or {}).get("lines", []):
        if line["number"] == line_number:
            ref = line["variables"]["ref"]
            stated = line.get("effective_at")
            answers = (await texts.read(connection, [ref])).get(ref) or {}
            return answers, datetime.fromisoformat(stated) if stated else None
    return {}, None
