"""Access: who calls, what a route demands, and the check that no route comes without a demand."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.identity import Identity
from api.json_types import refuse_other_types
from api.services import Services
from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.contracts.directory import Person, Standing
from steadydesk.contracts.identity import Proof, Scope
from steadydesk.errors import NotAllowed, NotSignedIn, ServiceAccountVote, Unavailable, UnknownRecord
from steadydesk.policies.assertion import is_fresh
from steadydesk.policies.rights import NEVER_FOR_ANOTHER, SCOPE_OF, Permission, allowed
from steadydesk.records.directory_events import Author
from steadydesk.records.directory_standing import standing, standing_by_name

BEARER = HTTPBearer(
    auto_error=False, description="An API token (`sdk_…`), or an access token of the configured OIDC issuer."
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and with whose rights.

    ``person`` is who proved to be there. ``standing`` is theirs or, when they act for somebody else, that
    person's without the delegations to them; ``acting_for`` then is that person's id. ``now`` is when they proved
    it, ``clock`` tells how long ago that is.
    """

    person: Person
    standing: Standing
    scopes: frozenset[Scope]
    method: AuthenticationMethod
    acting_for: str | None
    credential: str
    now: datetime
    clock: Callable[[], datetime]

    @property
    def id(self) -> str:
        """The person whose rights count: orders and lists are theirs."""
        return self.standing.person.id

    @property
    def author(self) -> Author:
        """Who changes a directory record in this request."""
        return Author(self.person.id, self.now, self.method, self.acting_for)

    def may(self, permission: Permission, function: str | None = None) -> bool:
        """Whether token and roles allow it in ``function``; None: in any, ``*``: in the whole
        organisation.
        """
        if self.acting_for is not None and permission in NEVER_FOR_ANOTHER:
            return False
        return SCOPE_OF[permission] in self.scopes and allowed(self.standing, permission, function)

    def require(self, permission: Permission, function: str | None = None) -> None:
        """NotAllowed, with what is missing, unless they may."""
        if self.acting_for is not None and permission in NEVER_FOR_ANOTHER:
            raise NotAllowed(
                "This is not done on behalf of somebody else.", details={"permission": permission}
            )
        if SCOPE_OF[permission] not in self.scopes:
            raise NotAllowed(
                "The token's scopes do not include this.", details={"scope": SCOPE_OF[permission]}
            )
        if not allowed(self.standing, permission, function):
            raise NotAllowed("Your roles do not include this.", details={"permission": permission})

    def require_fresh(self) -> None:
        """Unavailable when their request had to wait here for more than a minute: what they may do can have changed."""
        if not is_fresh(self.now, self.clock()):
            raise Unavailable(
                "the command had to wait too long here; send it again", details={"retry_after": 1}
            )


class Demanding:
    """A dependency that states what its route demands; ``check_routes`` looks for it."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission


class Requires(Demanding):
    """A dependency that gives the Caller, once they have shown that they may do ``permission``. Only then it is said
    what is wrong with the types of their body.
    """

    async def __call__(
        self,
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
        act_for: Annotated[
            str | None,
            Header(
                alias="X-Act-For",
                description="User name or id of the person to act for; needs scope `act-for`.",
            ),
        ] = None,
    ) -> Caller:
        if bearer is None:
            raise NotSignedIn("Send a token: 'Authorization: Bearer sdk_…'.")
        identity = identity_of(request.app)
        proof = await identity.prove(bearer.credentials, address_of(request))
        services = services_of(request.app)
        caller = await caller_of(services, proof, act_for)
        if self.permission is Permission.DECIDE and proof.standing.person.service_account:
            raise ServiceAccountVote("A service account does not decide, also not for somebody else.")
        caller.require(self.permission)
        await refuse_other_types(request)
        return caller


class Public:
    """A dependency of routes that anybody may call; it counts requests per address, and holds bodies to their types."""

    async def __call__(self, request: Request) -> None:
        identity_of(request.app).limit_public(address_of(request))
        await refuse_other_types(request)


public = Public()


@cache
def requires(permission: Permission) -> Requires:
    """What a route declares on its parameter: ``caller: Annotated[Caller,
    Depends(requires(Permission.READ))]``.
    """
    return Requires(permission)


Reader = Annotated[Caller, Depends(requires(Permission.READ))]
Orderer = Annotated[Caller, Depends(requires(Permission.ORDER))]
Worker = Annotated[Caller, Depends(requires(Permission.WORK))]
AccountHolder = Annotated[Caller, Depends(requires(Permission.OWN_ACCOUNT))]
GroupKeeper = Annotated[Caller, Depends(requires(Permission.MANAGE_GROUPS))]
DirectoryKeeper = Annotated[Caller, Depends(requires(Permission.MANAGE_DIRECTORY))]
ConfigurationReader = Annotated[Caller, Depends(requires(Permission.READ_CONFIGURATION))]
Configurer = Annotated[Caller, Depends(requires(Permission.CONFIGURE))]
Operator = Annotated[Caller, Depends(requires(Permission.OPERATE))]


def check_routes(app: FastAPI, declared: frozenset[str] = frozenset()) -> None:
    """RuntimeError naming every route without a permission; ``declared`` lists paths that need none by
    intent.

    The pages of the API's own description are declared by being configured.
    """
    described = {app.openapi_url, app.docs_url, app.redoc_url, app.swagger_ui_oauth2_redirect_url}
    bare = [
        f"{','.join(sorted(route.methods or {'*'}))} {route.path}"
        for route in iter_route_contexts(app.routes)
        if route.path not in described | declared and not _is_declared(getattr(route, "dependant", None))
    ]
    if bare:
        raise RuntimeError(
            "these routes declare no permission; give them a parameter with requires(Permission...), or"
            f" dependencies=[Depends(public)]: {'; '.join(sorted(bare))}"
        )


def permission_of(dependant: Dependant | None) -> Permission | None:
    """What a route demands; None for a public one. For the table in the docs and the generated tests."""
    calls = (call for call in _calls(dependant) if isinstance(call, Demanding))
    return next((call.permission for call in calls), None)


def services_of(app: FastAPI) -> Services:
    return app.state.services


def identity_of(app: FastAPI) -> Identity:
    """The identity checks of the process, made from its services at the first request."""
    if not hasattr(app.state, "identity"):
        app.state.identity = Identity(services_of(app))
    return app.state.identity


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


async def caller_of(services: Services, proof: Proof, act_for: str | None = None) -> Caller:
    """Who a proof stands for, now; ``act_for`` is the person whom they act for."""
    whose = proof.standing if act_for is None else await _other(services, proof, act_for)
    return Caller(
        person=proof.standing.person,
        standing=whose,
        scopes=proof.scopes,
        method=proof.method,
        acting_for=None if act_for is None else whose.person.id,
        credential=proof.credential,
        now=services.clock(),
        clock=services.clock,
    )


def present_of(request: Request, caller: Caller, permission: Permission) -> Callable[[], Awaitable[Caller]]:
    """Asks who the caller is now, for what stays open; a Refusal once their token or their right has ended."""
    services, identity = services_of(request.app), identity_of(request.app)
    bearer = request.headers.get("authorization", "").partition(" ")[2]

    async def ask() -> Caller:
        present = await caller_of(services, await identity.prove_again(bearer), caller.acting_for)
        present.require(permission)
        return present

    return ask


async def _other(services: Services, proof: Proof, act_for: str) -> Standing:
    if Scope.ACT_FOR not in proof.scopes:
        raise NotAllowed(
            "The token's scopes do not include acting for others.", details={"scope": Scope.ACT_FOR}
        )
    now = services.clock()
    find = standing if act_for.startswith("p_") else standing_by_name
    async with services.engine.connect() as connection:
        found = await find(connection, act_for, now)
    if found is None or not found.person.active or found.person.service_account:
        raise UnknownRecord("There is no such person to act for.")
    # What others delegated to that person is not passed on.
    return found.model_copy(update={"stands_for": ()})


def _is_declared(dependant: Dependant | None) -> bool:
    return any(isinstance(call, Demanding | Public) for call in _calls(dependant))


def _calls(dependant: Dependant | None) -> Iterator[Any]:
    if dependant is not None:
        yield dependant.call
        for inner in dependant.dependencies:
            yield from _calls(inner)
