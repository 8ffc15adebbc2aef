"""One approval with all that is needed to decide on it: its request, who is away and who stands in, and the answers
that were decided on before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, Table, case, cast, func, literal, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.gate import Gate
from steadydesk.contracts.numbers import ordinal_of, owner_of_gate
from steadydesk.contracts.views import ApprovalView, PersonRef
from steadydesk.policies.approval import decided_before
from steadydesk.policies.order_dates import present_answers
from steadydesk.records.tables.approval import approver
from steadydesk.records.tables.directory import absence, delegation, person, person_group
from steadydesk.records.tables.process import process
from steadydesk.records.tables.text import text_body
from steadydesk.records.views.json_rows import listed
from steadydesk.records.views.pickers import Picked
from steadydesk.records.views.request_page import RequestContent, request_content
from steadydesk.records.views.visibility import Viewer


@dataclass(frozen=True)
class StandIn:
    """``deputy`` may decide for the person ``whose``, now."""

    whose: str
    deputy: PersonRef


@dataclass(frozen=True)
class ApprovalContent:
    """``before`` is what the same stage decided on earlier, with its answers, where that is still known."""

    request: RequestContent
    gate: Gate
    view: ApprovalView
    stand_ins: list[StandIn]
    away: Mapping[str, datetime]
    """Until when, by person."""
    before: Gate | None
    answers: Mapping[str, Any]
    """Of this gate."""
    answers_before: Mapping[str, Any]
    named: Picked
    """Whom and what the answers name."""


async def approval_content(
    connection: AsyncConnection, viewer: Viewer, gate_id: str
) -> ApprovalContent | None:
    """The gate as the viewer may see it, or None; in the two statements of its request."""
    also = {
        "asked_answers": _asked_answers(),
        "people": _named(person, person.c.user_name, person.c.name),
        "groups": _named(person_group, person_group.c.key, person_group.c.label),
        "stand_ins": _stand_ins(viewer, gate_id),
        "away": _away(viewer, gate_id),
    }
    found = await request_content(connection, viewer, owner_of_gate(gate_id), also)
    gate = found.process.gates.get(gate_id) if found else None
    view = next((one for one in found.view.approvals if one.id == gate_id), None) if found else None
    if found is None or gate is None or view is None:
        return None
    before = decided_before(found.process, gate.line, gate.stage, gate.step, ordinal_of(gate.id))
    answers: Mapping[str, Any] = found.more["asked_answers"]
    return ApprovalContent(
        request=found,
        gate=gate,
        view=view,
        stand_ins=[_stand_in(one) for one in found.more["stand_ins"] if _covers(one, gate)],
        away={one["person"]: datetime.fromisoformat(one["until"]) for one in found.more["away"]},
        before=before,
        answers=_answers_of(found, gate, answers),
        answers_before=_answers_of(found, before, answers),
        named=Picked(found.more["people"], found.more["groups"]),
    )


def _asked_answers() -> ScalarSelect[Any]:
    """What was answered on each form that a gate of the request was asked about, by reference."""
    given = func.coalesce(func.jsonb_object_agg(text_body.c.ref, text_body.c.body), _nothing())
    return _correlated(select(given).where(_is_asked(), text_body.c.body.is_not(None)))


def _named(table: Table, key: ColumnElement[str], words: ColumnElement[str]) -> ScalarSelect[Any]:
    """Who or what those answers name, with its words."""
    body = case((func.jsonb_typeof(text_body.c.body) == "object", text_body.c.body), else_=_nothing())
    answer = func.jsonb_each_text(body).table_valued("key", "value", name="answer").lateral()
    said = select(func.lower(answer.c.value)).select_from(text_body.join(answer, true())).where(_is_asked())
    found = select(func.coalesce(func.jsonb_object_agg(key, words), _nothing())).select_from(table)
    return _correlated(found.where(key.in_(said.correlate(process))))


def _is_asked() -> ColumnElement[bool]:
    """A text that holds the answers of a line, or those that one of its gates was asked about."""
    gates = func.jsonb_each(process.c.document["gates"]).table_valued("key", "value", name="each_gate")
    lines = func.jsonb_array_elements(process.c.document["lines"]).table_valued("value", name="each_line")
    asked = select(cast(gates.c.value, JSONB)["asked"]["variables"]["ref"].astext).select_from(gates)
    present = select(cast(lines.c.value, JSONB)["variables"]["ref"].astext).select_from(lines)
    return text_body.c.ref.in_(asked.correlate(process).union_all(present.correlate(process)))


def _nothing() -> ColumnElement[Any]:
    return cast(literal("{}"), JSONB)


def _correlated(statement: Select[Any]) -> ScalarSelect[Any]:
    return statement.correlate(process).scalar_subquery()


def _stand_ins(viewer: Viewer, gate_id: str) -> ScalarSelect[Any]:
    chosen = (
        select(delegation.c.delegator, delegation.c.policies, person.c.id, person.c.name, person.c.user_name)
        .join(approver, approver.c.person == delegation.c.delegator)
        .join(person, person.c.id == delegation.c.delegate)
        .where(approver.c.gate == gate_id, person.c.active, delegation.c.ended_at.is_(None))
        .where(delegation.c.begins_at <= viewer.now, delegation.c.ends_at > viewer.now)
        .subquery("stand_in")
    )
    return listed(chosen, chosen.c.name)


def _away(viewer: Viewer, gate_id: str) -> ScalarSelect[Any]:
    chosen = (
        select(absence.c.person, func.max(absence.c.ends_at).label("until"))
        .join(approver, approver.c.person == absence.c.person)
        .where(approver.c.gate == gate_id, absence.c.begins_at <= viewer.now, absence.c.ends_at > viewer.now)
        .group_by(absence.c.person)
        .subquery("away")
    )
    return listed(chosen, chosen.c.person)


def _covers(one: Mapping[str, Any], gate: Gate) -> bool:
    return one["policies"] is None or gate.policy in one["policies"].split(",")


def _stand_in(one: Mapping[str, Any]) -> StandIn:
    return StandIn(one["delegator"], PersonRef(id=one["id"], name=one["name"], user_name=one["user_name"]))


def _answers_of(content: RequestContent, gate: Gate | None, answers: Mapping[str, Any]) -> Mapping[str, Any]:
    """With the effective date that the gate was asked about."""
    if gate is None or gate.asked is None:
        return {}
    found: Any = answers.get(gate.asked.variables.ref)
    item = content.organisation.catalog.get(content.process.line(gate.line).item)
    if item is None or not isinstance(found, dict):
        return {}
    zone = content.organisation.calendars[item.calendar].zone
    return present_answers(item, found, gate.asked.effective_at, zone)
