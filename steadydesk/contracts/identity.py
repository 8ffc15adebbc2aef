"""How people prove who they are: tokens with scopes, passwords, sessions, OIDC claims."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, StringConstraints

from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.contracts.base import Contract, Key, Moment, PersonId
from steadydesk.contracts.directory import Name, RoleHolding, Standing, UserName


class Scope(StrEnum):
    """What a token may be used for, within what its person may do."""

    READ = "read"
    ORDER = "order"
    DECIDE = "decide"
    WORK = "work"
    CONFIGURE = "configure"
    DIRECTORY = "directory"
    OPERATE = "operate"
    ACT_FOR = "act-for"
    """To act for another person, named in each request; only for service accounts."""


EVERY_OWN_SCOPE = frozenset(Scope) - {Scope.ACT_FOR}
"""All that a person can do in their own name."""


class Proof(Contract):
    """An accepted token, session or claim: whose, for what."""

    standing: Standing
    scopes: frozenset[Scope]
    method: AuthenticationMethod
    credential: str = Field(
        description="Id of the token or session; for OIDC the person's id. Never a secret."
    )


class Token(Contract):
    """A token without its secret, which is shown once, when it is issued."""

    id: str
    person: PersonId
    label: str
    scopes: list[Scope]
    made_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None


class NewToken(Contract):
    label: Name
    scopes: list[Scope] = Field(min_length=1)
    expires_at: Moment | None = None
    person: PersonId | None = Field(
        default=None, description="A service account that it is for; administrators only. Null: yourself."
    )


class IssuedToken(Contract):
    token: str = Field(description="The secret. It is not shown again.", examples=["sdk_…"])
    details: Token


class DemoUser(Contract):
    """A person of the demo with the token for the API and the password for the portal (service accounts have none)."""

    user_name: str
    name: str
    roles: list[str]
    groups: list[str]
    token: str
    password: str | None = None


class BrowserSession(Contract):
    """A session of the portal, as its person sees it in their list."""

    id: str
    agent: str = Field(description="What the browser calls itself.")
    made_at: datetime
    seen_at: datetime
    expires_at: datetime


Password = Annotated[SecretStr, Field(min_length=1, max_length=256)]
NewPassword = Annotated[SecretStr, Field(min_length=12, max_length=256)]


class SignIn(Contract):
    user_name: UserName
    password: Password


class PasswordChange(Contract):
    old: Password
    new: NewPassword


class FirstAdministrator(Contract):
    """What the one-time link of a new installation asks for."""

    link: Annotated[str, StringConstraints(min_length=20, max_length=200)]
    user_name: UserName
    name: Name
    password: NewPassword


def _role_from_words(role: object) -> object:
    return RoleHolding.parse(role) if isinstance(role, str) else role


NamedRole = Annotated[RoleHolding, BeforeValidator(_role_from_words)]


class OidcMapping(Contract):
    """What claims mean here. Only the groups and roles that it names follow the claims; all others stay as
    the directory has them.
    """

    user_name_claim: str = "preferred_username"
    name_claim: str = "name"
    email_claim: str = "email"
    groups_claim: str = "groups"
    roles_claim: str = "roles"
    groups: dict[str, Key] = Field(default_factory=dict[str, str], description="Claim value to group key.")
    roles: dict[str, NamedRole] = Field(
        default_factory=dict[str, RoleHolding], description="Claim value to role@function."
    )

    @property
    def claims(self) -> frozenset[str]:
        """The claims that say something here."""
        named = [self.user_name_claim, self.name_claim, self.email_claim]
        if self.groups:
            named.append(self.groups_claim)
        if self.roles:
            named.append(self.roles_claim)
        return frozenset(named)


class OidcRules(Contract):
    """Whose bearer tokens are accepted, and what their claims mean."""

    issuer: str
    audience: str
    mapping: OidcMapping = OidcMapping()
    create_people: bool = Field(
        default=False, description="Whether somebody whom the directory does not have is entered."
    )


class OidcClaims(Contract):
    """What a verified token says, in our words; None where it has no such claim."""

    user_name: str
    expires_at: datetime
    name: str | None = None
    email: str | None = Field(default=None, description="None also where the issuer has not verified it.")
    groups: frozenset[str] | None = None
    roles: frozenset[RoleHolding] | None = None
