"""The register of grants, as readers see it."""

from datetime import datetime
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, Row, ScalarSelect, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.base import Contract
from steadydesk.contracts.grant import GrantState
from steadydesk.contracts.language import in_language
from steadydesk.contracts.views import PersonRef
from steadydesk.policies.rights import VISIBILITY, Verb
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.process import record, sight
from steadydesk.records.views.people import Names, names_of
from steadydesk.records.views.visibility import Viewer, subject_matches


class GrantView(Contract):
    """Who has what since when, until when, approved by whom."""

    number: str
    request: str
    line: str
    holder: PersonRef
    entitlement: str
    state: str
    approved_by: list[PersonRef] = Field(
        default_factory=list[PersonRef], description="Who approved it or an extension of it, each once."
    )
    granted_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    reason: str | None = None


async def list_grants(
    connection: AsyncConnection,
    viewer: Viewer,
    *,
    holder: str | None = None,
    state: str | None = None,
    number: str | None = None,
    request: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[GrantView]:
    """Grants that the viewer may see, themselves or with their request, in the order of their numbers."""
    whose = sight.c.number.in_((grant_register.c.request, grant_register.c.number))
    seen = select(sight.c.number).where(whose, subject_matches(viewer))
    conditions: list[ColumnElement[bool]] = [seen.exists()]
    wanted = {"holder": holder, "state": state, "number": number, "request": request}
    conditions += [grant_register.c[name] == value for name, value in wanted.items() if value is not None]
    if after is not None:
        conditions.append(grant_register.c.number > after)
    rows = (
        await connection.execute(
            select(grant_register).where(*conditions).order_by(grant_register.c.number).limit(limit)
        )
    ).all()
    voters = [vote["voter"] for row in rows for vote in row.approved_by]
    names = await names_of(connection, [*(row.holder for row in rows), *voters])
    return [_view(row, names, viewer.language) for row in rows]


def revocable(viewer: Viewer, request: str) -> ScalarSelect[Any]:
    """The active grants of the request that the viewer may end, each with the version of its process."""
    ways = [str(why) for why in VISIBILITY[Verb.CANCEL]]
    theirs = select(sight.c.number).where(
        sight.c.number == record.c.number, sight.c.why.in_(ways), subject_matches(viewer)
    )
    versions = func.jsonb_object_agg(record.c.number, record.c.version)
    return (
        select(func.coalesce(versions, cast(literal("{}"), JSONB)))
        .join(grant_register, grant_register.c.number == record.c.number)
        .where(
            grant_register.c.request == request, record.c.state == GrantState.ACTIVE.value, theirs.exists()
        )
        .scalar_subquery()
    )


def _view(row: Row[Any], names: Names, language: str) -> GrantView:
    return GrantView(
        number=row.number,
        request=row.request,
        line=row.line,
        holder=names.of(row.holder),
        entitlement=in_language(row.entitlement, language),
        state=row.state,
        approved_by=[names.of(voter) for voter in dict.fromkeys(vote["voter"] for vote in row.approved_by)],
        granted_at=row.granted_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        reason=row.reason,
    )
