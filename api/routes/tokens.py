"""API tokens: one's own, and those of service accounts for administrators."""

from fastapi import APIRouter, Request

from api.problems import refusals
from api.security import AccountHolder, Caller, services_of
from steadydesk.contracts.directory import ANY_FUNCTION
from steadydesk.contracts.identity import IssuedToken, NewToken, Token
from steadydesk.errors import InvalidInput, NotAllowed, Problem, UnknownRecord
from steadydesk.policies.rights import Permission
from steadydesk.records import identity
from steadydesk.records.directory import read_person

router = APIRouter(prefix="/tokens", tags=["tokens"], responses=refusals(NotAllowed))


@router.get("")
async def list_tokens(request: Request, caller: AccountHolder) -> list[Token]:
    """Your tokens that can be used, newest first; never their secrets."""
    async with services_of(request.app).engine.connect() as connection:
        return await identity.list_tokens(connection, caller.id, caller.now)


@router.post("", status_code=201, responses=refusals(UnknownRecord))
async def issue_token(request: Request, new: NewToken, caller: AccountHolder) -> IssuedToken:
    """The secret is in this answer and nowhere else. A token never gives more scopes than the one it is
    made with.
    """
    person_id = new.person or caller.id
    _check(caller, new)
    async with services_of(request.app).engine.begin() as connection:
        if person_id != caller.id and not (await read_person(connection, person_id)).service_account:
            raise NotAllowed("Tokens of people are made by themselves.")
        issued = await identity.issue(
            connection, person_id, new.label, set(new.scopes), new.expires_at, caller.now
        )
        await caller.author.did(
            connection,
            "person.token-issued",
            person_id,
            token=issued.details.id,
            scopes=[str(scope) for scope in issued.details.scopes],
        )
    return issued


@router.delete("/{token_id}", status_code=204, responses=refusals(UnknownRecord))
async def end_token(request: Request, token_id: str, caller: AccountHolder) -> None:
    """The token is not valid any more; everything that used it is refused from now on."""
    async with services_of(request.app).engine.begin() as connection:
        token = await identity.read_token(connection, token_id)
        if token.person != caller.id and not caller.may(Permission.MANAGE_DIRECTORY, ANY_FUNCTION):
            raise UnknownRecord("There is no such token.")
        await identity.end_token(connection, token_id, caller.now)
        await caller.author.did(connection, "person.token-ended", token.person, token=token_id)


def _check(caller: Caller, new: NewToken) -> None:
    """NotAllowed or InvalidInput for a token that the caller may not make."""
    if new.person not in (None, caller.id):
        caller.require(Permission.MANAGE_DIRECTORY, ANY_FUNCTION)
    elif missing := sorted(set(new.scopes) - caller.scopes):
        raise NotAllowed("The token would have more scopes than yours.", details={"scopes": missing})
    if new.label == identity.SIGN_IN_LABEL:
        raise InvalidInput(
            "This label is taken.", problems=[Problem("/label", "it names tokens of a sign-in")]
        )
