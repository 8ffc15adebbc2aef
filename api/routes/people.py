"""People: looked up by everybody, kept by administrators; their absences, and an import of the whole
directory.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.paging import DEFAULT_LIMIT, After, Limit
from api.problems import refusals
from api.security import AccountHolder, DirectoryKeeper, Reader, services_of
from api.versions import IfMatch, set_etag
from steadydesk.contracts.base import PersonId
from steadydesk.contracts.delegation import Absence, NewAbsence
from steadydesk.contracts.directory import (
    ANY_FUNCTION,
    Departure,
    NewPerson,
    Person,
    PersonCard,
    PersonEdit,
    Standing,
)
from steadydesk.contracts.directory_document import DirectoryDifference, DirectoryDocument
from steadydesk.contracts.page import Page
from steadydesk.errors import (
    Conflict,
    ConflictingEdit,
    GroupInUse,
    LastAdministrator,
    NotAllowed,
    StaleVersion,
    UnknownRecord,
    VersionRequired,
)
from steadydesk.policies.rights import Permission
from steadydesk.records import directory as people
from steadydesk.records import directory_absence as absences
from steadydesk.records.directory_departure import deactivate, reactivate
from steadydesk.records.directory_import import apply_directory

router = APIRouter(tags=["people"], responses=refusals(NotAllowed))

_OWN_FIELDS = {"language", "zone"}


@router.get("/people")
async def list_people(
    request: Request,
    caller: Reader,
    words: Annotated[
        str | None, Query(max_length=100, description="Part of name, user name or e-mail.")
    ] = None,
    group: Annotated[str | None, Query(max_length=63)] = None,
    everybody: Annotated[bool, Query(description="Also who has left.")] = False,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[PersonCard]:
    """Find people; everybody sees their cards."""
    del caller
    async with services_of(request.app).engine.connect() as connection:
        return await people.list_people(
            connection, words=words, group=group, active=None if everybody else True, after=after, limit=limit
        )


@router.get("/me")
async def read_me(caller: Reader) -> Standing:
    """Who you are here: your person, groups, roles, and for whom you stand now."""
    return caller.standing


@router.post("/people", status_code=201, responses=refusals(ConflictingEdit))
async def add_person(request: Request, response: Response, new: NewPerson, caller: DirectoryKeeper) -> Person:
    """Somebody new, for administrators of the whole organisation."""
    caller.require(Permission.MANAGE_DIRECTORY, ANY_FUNCTION)
    async with services_of(request.app).engine.begin() as connection:
        person = await people.add_person(connection, new, caller.author)
    response.headers["Location"] = f"{request.url.path}/{person.id}"
    set_etag(response, person.version)
    return person


@router.get("/people/{person_id}", responses=refusals(UnknownRecord))
async def read_person(
    request: Request, response: Response, person_id: PersonId, caller: Reader
) -> Person | PersonCard:
    """Everything for the person and for administrators, a card for everybody else."""
    async with services_of(request.app).engine.connect() as connection:
        person = await people.read_person(connection, person_id)
    set_etag(response, person.version)
    if person.id == caller.id or caller.may(Permission.MANAGE_DIRECTORY, ANY_FUNCTION):
        return person
    return PersonCard(**person.model_dump(include=set(PersonCard.model_fields)))


@router.patch(
    "/people/{person_id}",
    responses=refusals(UnknownRecord, LastAdministrator, StaleVersion, VersionRequired),
)
async def edit_person(
    request: Request,
    response: Response,
    person_id: PersonId,
    caller: AccountHolder,
    edit: PersonEdit,
    version: IfMatch,
) -> Person:
    """Administrators change everything; everybody their own language and zone."""
    if person_id != caller.id or not edit.model_fields_set <= _OWN_FIELDS:
        caller.require(Permission.MANAGE_DIRECTORY, ANY_FUNCTION)
    async with services_of(request.app).posting() as connection:
        person = await people.edit_person(connection, person_id, edit, version, caller.author)
    set_etag(response, person.version)
    return person


@router.post("/people/{person_id}/deactivate", responses=refusals(UnknownRecord, Conflict, LastAdministrator))
async def deactivate_person(request: Request, person_id: PersonId, caller: DirectoryKeeper) -> Departure:
    """Somebody leaves: sessions, tokens and delegations end, and every process that names them looks
    again.
    """
    caller.require(Permission.MANAGE_DIRECTORY, ANY_FUNCTION)
    if person_id == caller.id:
        raise Conflict("Nobody deactivates themselves; another administrator does.")
    async with services_of(request.app).posting() as connection:
        return await deactivate(connection, person_id, caller.author)


@router.post("/people/{person_id}/reactivate", responses=refusals(UnknownRecord, Conflict))
async def reactivate_person(request: Request, person_id: PersonId, caller: DirectoryKeeper) -> Person:
    """Somebody is back; what was taken from them is not given back."""
    caller.require(Permission.MANAGE_DIRECTORY, ANY_FUNCTION)
    async with services_of(request.app).engine.begin() as connection:
        await reactivate(connection, person_id, caller.author)
        return await people.read_person(connection, person_id)


@router.get("/people/{person_id}/absences", responses=refusals(UnknownRecord))
async def list_absences(request: Request, person_id: PersonId, caller: AccountHolder) -> list[Absence]:
    """Present and coming ones, for the person, their manager and administrators."""
    async with services_of(request.app).engine.connect() as connection:
        return await absences.list_absences(connection, person_id, caller.standing, caller.now)


@router.post("/people/{person_id}/absences", status_code=201, responses=refusals(UnknownRecord))
async def add_absence(
    request: Request, person_id: PersonId, new: NewAbsence, caller: AccountHolder
) -> Absence:
    """Somebody is away; their approvals can then be delegated by others."""
    async with services_of(request.app).engine.begin() as connection:
        return await absences.add_absence(connection, person_id, new, caller.standing, caller.author)


@router.delete(
    "/people/{person_id}/absences/{absence_id}", status_code=204, responses=refusals(UnknownRecord)
)
async def remove_absence(
    request: Request, person_id: PersonId, absence_id: str, caller: AccountHolder
) -> None:
    """It was entered in error, or ends earlier; what others delegated for its time ends with it."""
    services = services_of(request.app)
    async with services.posting() as connection:
        ended = await absences.remove_absence(
            connection, person_id, absence_id, caller.standing, caller.author
        )
    for each in ended:
        services.bell.ring(f"p:{each.delegator}", f"p:{each.delegate}")


@router.post("/directory/import", responses=refusals(Conflict, GroupInUse, LastAdministrator))
async def import_directory(
    request: Request,
    document: DirectoryDocument,
    caller: DirectoryKeeper,
    dry_run: Annotated[bool, Query(description="Tell the difference and change nothing.")] = False,
) -> DirectoryDifference:
    """Bring the directory to what the document says: all of it or, on a fault, nothing. A field that an entry
    leaves out stays as it is.
    """
    caller.require(Permission.MANAGE_DIRECTORY, ANY_FUNCTION)
    async with services_of(request.app).posting() as connection:
        return await apply_directory(connection, document, caller.now, author=caller.author, dry_run=dry_run)
