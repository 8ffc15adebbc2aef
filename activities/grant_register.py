"""The register of grants, as the request that gives them writes it; their own process takes over at hand-over."""

from datetime import datetime

from sqlalchemy import insert, update

from activities.work import RequestWork
from steadydesk.contracts.gate import Decision, GateState
from steadydesk.contracts.grant import GrantState
from steadydesk.contracts.language import LocalisedText
from steadydesk.contracts.request import Line, RequestProcess
from steadydesk.records.tables.grant import grant_register

_BY_REQUEST = "request"


def approvals_of(process: RequestProcess, line: Line) -> list[dict[str, str]]:
    """Gate and voter of each vote by which the line was approved; who refused has approved nothing."""
    return [
        {"gate": gate.id, "voter": ballot.voter}
        for gate in process.gates.values()
        if gate.line == line.number and gate.state is GateState.APPROVED
        for ballot in gate.ballots
        if ballot.decision is Decision.APPROVED
    ]


async def register_grant(
    work: RequestWork, line: Line, step: str, number: str, expires: datetime | None
) -> None:
    """Who has what since now, until when, approved by whom; the row is there as soon as the access is."""
    definition = work.organisation.catalog[line.item].plan.steps[step].grant
    assert definition is not None
    await work.connection.execute(
        insert(grant_register).values(
            number=number,
            request=work.process.number,
            line=line.number,
            step=step,
            holder=line.requested_for,
            entitlement=_words(definition.entitlement),
            state="active",
            approved_by=approvals_of(work.process, line),
            granted_at=work.at,
            expires_at=expires,
        )
    )
    work.note("grant.registered", number, step=step, expires=expires)
    work.tell(
        "grant.started",
        work.process.customers(work.at, line.requested_for),
        number,
        expires=expires,
        line=line.number,
    )


def _words(text: LocalisedText) -> dict[str, str]:
    return {"en": text} if isinstance(text, str) else dict(text)


async def revoke_registered(work: RequestWork, number: str) -> None:
    """The request begins to take it back: from now on no other grant's access hangs on this one."""
    await work.connection.execute(
        update(grant_register)
        .where(grant_register.c.number == number)
        .values(state=GrantState.REVOKING.value, reason=_BY_REQUEST)
    )
    work.note("grant.revoking", number, reason=_BY_REQUEST)


async def end_registered(work: RequestWork, number: str, state: GrantState = GrantState.REVOKED) -> None:
    """The request itself took the access back, or a person left it, before the grant's own process began."""
    await work.connection.execute(
        update(grant_register)
        .where(grant_register.c.number == number)
        .values(state=state.value, revoked_at=work.at, reason=_BY_REQUEST)
    )
    work.note("grant.closed", number, state=state.value, reason=_BY_REQUEST)
