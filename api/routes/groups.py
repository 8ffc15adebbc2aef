"""Groups: seen by everybody, kept by administrators and by the process owners of their function."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.paging import DEFAULT_LIMIT, After, Limit
from api.problems import refusals
from api.security import Caller, GroupKeeper, Reader, services_of
from api.versions import IfMatch, set_etag
from steadydesk.contracts.base import Key, PersonId
from steadydesk.contracts.directory import ANY_FUNCTION, Group, GroupEdit, GroupWithMembers, NewGroup
from steadydesk.contracts.page import Page
from steadydesk.errors import (
    ConflictingEdit,
    GroupInUse,
    NotAllowed,
    StaleVersion,
    UnknownRecord,
    VersionRequired,
)
from steadydesk.policies.rights import Permission
from steadydesk.records import directory_groups as groups

router = APIRouter(prefix="/groups", tags=["groups"], responses=refusals(NotAllowed))

GroupKey = Annotated[Key, Path(description="The key of the group, as the configuration names it.")]


@router.get("")
async def list_groups(
    request: Request,
    caller: Reader,
    function: Annotated[str | None, Query(max_length=63)] = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[Group]:
    """All groups, or those of one function."""
    del caller
    async with services_of(request.app).engine.connect() as connection:
        return await groups.list_groups(connection, function=function, after=after, limit=limit)


@router.post("", status_code=201, responses=refusals(ConflictingEdit))
async def add_group(request: Request, response: Response, new: NewGroup, caller: GroupKeeper) -> Group:
    """A new group, of a function that you answer for."""
    _require(caller, new.function)
    async with services_of(request.app).engine.begin() as connection:
        group = await groups.add_group(connection, new, caller.author)
    response.headers["Location"] = f"{request.url.path}/{group.key}"
    set_etag(response, group.version)
    return group


@router.get("/{key}", responses=refusals(UnknownRecord))
async def read_group(request: Request, response: Response, key: GroupKey, caller: Reader) -> GroupWithMembers:
    """A group with its members."""
    del caller
    async with services_of(request.app).engine.connect() as connection:
        group = await groups.read_group_with_members(connection, key)
    set_etag(response, group.version)
    return group


@router.patch("/{key}", responses=refusals(UnknownRecord, GroupInUse, StaleVersion, VersionRequired))
async def edit_group(
    request: Request,
    response: Response,
    key: GroupKey,
    caller: GroupKeeper,
    edit: GroupEdit,
    version: IfMatch,
) -> Group:
    """Another label, manager or function; or not active any more, where nothing needs it."""
    async with services_of(request.app).engine.begin() as connection:
        present = await groups.read_group(connection, key)
        _require(caller, present.function)
        if "function" in edit.model_fields_set:
            _require(caller, edit.function)
        group = await groups.edit_group(connection, key, edit, version, caller.author)
    set_etag(response, group.version)
    return group


@router.put("/{key}/members/{person_id}", status_code=204, responses=refusals(UnknownRecord))
async def add_member(request: Request, key: GroupKey, person_id: PersonId, caller: GroupKeeper) -> None:
    """A member more; again, nothing changes. Where the group sees restricted records, who answers for them is told."""
    async with services_of(request.app).posting() as connection:
        _require(caller, (await groups.read_group(connection, key)).function)
        await groups.add_member(connection, key, person_id, caller.author)


@router.delete("/{key}/members/{person_id}", status_code=204, responses=refusals(UnknownRecord))
async def remove_member(request: Request, key: GroupKey, person_id: PersonId, caller: GroupKeeper) -> None:
    """A member less; the group's tasks that they have go back to its queue."""
    async with services_of(request.app).posting() as connection:
        _require(caller, (await groups.read_group(connection, key)).function)
        await groups.remove_member(connection, key, person_id, caller.author)


def _require(caller: Caller, function: str | None) -> None:
    """A group without a function belongs to the whole organisation."""
    caller.require(Permission.MANAGE_GROUPS, function or ANY_FUNCTION)
