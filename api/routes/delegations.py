"""Delegations: who may decide for whom, from when until when."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.problems import refusals
from api.security import AccountHolder, services_of
from api.services import Services
from steadydesk.contracts.base import PersonId
from steadydesk.contracts.delegation import Delegation, NewDelegation
from steadydesk.errors import Conflict, InvalidInput, NotAllowed, Problem, UnknownRecord
from steadydesk.records import directory_delegation as delegations
from steadydesk.records.engine import Connection
from steadydesk.records.organisation import in_force

router = APIRouter(prefix="/delegations", tags=["delegations"], responses=refusals(NotAllowed))


@router.get("", responses=refusals(UnknownRecord))
async def list_delegations(
    request: Request,
    caller: AccountHolder,
    person: Annotated[
        PersonId | None, Query(description="Somebody else, for managers and administrators.")
    ] = None,
) -> list[Delegation]:
    """Those from and to a person that are not over, the coming ones included."""
    async with services_of(request.app).engine.connect() as connection:
        return await delegations.list_delegations(
            connection, person or caller.id, caller.standing, caller.now
        )


@router.post("", status_code=201)
async def delegate(request: Request, new: NewDelegation, caller: AccountHolder) -> Delegation:
    """For yourself, or, within the absence of somebody, as their manager or an administrator. Both are told."""
    services = services_of(request.app)
    async with services.posting() as connection:
        await _check_policies(connection, new.policies or [])
        made = await delegations.delegate(connection, new, caller.standing, caller.author)
    _ring(services, made)
    return made


@router.delete("/{delegation_id}", responses=refusals(UnknownRecord, Conflict))
async def end_delegation(request: Request, delegation_id: str, caller: AccountHolder) -> Delegation:
    """It ends now; votes cast under it stay."""
    services = services_of(request.app)
    async with services.posting() as connection:
        ended = await delegations.end_delegation(connection, delegation_id, caller.standing, caller.author)
    _ring(services, ended)
    return ended


async def _check_policies(connection: Connection, policies: Sequence[str]) -> None:
    """InvalidInput for what is no approval policy of the configuration in force."""
    if not policies:
        return
    _, resolved = await in_force(connection)
    known = resolved.organisation.approval_policies
    problems = [
        Problem(f"/policies/{index}", f"the configuration has no approval policy '{key}'")
        for index, key in enumerate(policies)
        if key not in known
    ]
    if problems:
        raise InvalidInput("A delegation covers policies that there are.", problems=problems)


def _ring(services: Services, about: Delegation) -> None:
    """What the two have to decide is another from now on."""
    services.bell.ring(f"p:{about.delegator}", f"p:{about.delegate}")
