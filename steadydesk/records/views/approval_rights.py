"""At which gates somebody may decide, of those at which they are asked: the rule of every list that says so."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, cast, exists, func, not_, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from steadydesk.records.tables.approval import approver, gate
from steadydesk.records.tables.configuration import configuration_version
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.process import record
from steadydesk.records.views.visibility import Viewer

_LINE = record.alias("decided_line")
_ACCOUNT = person.alias("other_account")


def may_decide(viewer: Viewer) -> ColumnElement[bool]:
    """Of rows of ``gate`` with their ``approver``: nobody decides on what they asked for, nor on what is for them where
    the policy leaves them out, also not in somebody's name; and in somebody's name only where the stage takes it. It
    is the policy of the version that the request keeps.
    """
    kept_from = [
        _is_them(viewer, _LINE.c.opened_by),
        and_(_is_them(viewer, _LINE.c.caller), _rule().where(_leaves_out_beneficiary()).exists()),
    ]
    if viewer.delegated:
        in_name = approver.c.person != viewer.person
        kept_from.append(and_(in_name, _rule().where(_takes_no_delegate()).exists()))
    number = func.coalesce(gate.c.line, gate.c.owner)
    # Asked gate by gate: as a join it would be made for every request that there is.
    barred = select(_LINE.c.number).where(_LINE.c.number == number, or_(*kept_from)).offset(0)
    return not_(barred.correlate(gate, approver).exists())


def _is_them(viewer: Viewer, account: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether it is the viewer's account, or another one of the same natural person."""
    other = (
        exists().where(_ACCOUNT.c.id == account, _ACCOUNT.c.natural_person == viewer.natural).correlate(_LINE)
    )
    return or_(account.in_((viewer.person, viewer.natural)), other)


def _rule() -> Select[Any]:
    """The version of the request, for what its policy says."""
    of_request = configuration_version.c.digest == _LINE.c.configuration
    return select(configuration_version.c.digest).where(of_request).correlate(_LINE, gate)


def _policy() -> ColumnElement[Any]:
    """From the text of the version where it was stored without its policies beside."""
    document = configuration_version.c.document
    whole = cast(document["canonical"].astext, JSONB)["organisation"]["approval_policies"]
    policies = func.coalesce(document["approval_policies"], whole, type_=JSONB)
    return cast(policies.op("->")(gate.c.policy), JSONB)


def _leaves_out_beneficiary() -> ColumnElement[bool]:
    return _policy()["exclude"].contains(["requested_for"])


def _takes_no_delegate() -> ColumnElement[bool]:
    stage = cast(_policy()["stages"].op("->")(gate.c.stage), JSONB)
    return stage["may_delegate"].astext == "false"
