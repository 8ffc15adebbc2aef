"""Who commands: the signed statement of the API that rides on every command into a workflow."""

from datetime import UTC, datetime
from enum import StrEnum

from pydantic import Field

from steadydesk.contracts.base import Contract, PersonId

SERVICE_ACTOR = "service"
"""The actor of a process's own messages: a child that ended, a sweep, a repair."""


class AuthenticationMethod(StrEnum):
    TOKEN = "token"  # noqa: S105 - a method, no secret
    PASSWORD = "password"  # noqa: S105 - a method, no secret
    SESSION = "session"
    OIDC = "oidc"
    SERVICE = "service"
    CLI = "cli"


class Assertion(Contract):
    """HMAC-SHA256 over every other field; bound to one workflow, command and update id."""

    key_id: str
    workflow_id: str
    command: str
    update_id: str
    actor: PersonId | str
    acting_for: PersonId | None = None
    method: AuthenticationMethod
    at: datetime
    body_hash: str = Field(description="SHA-256 of the command's canonical JSON without the assertion.")
    mac: str = Field(default="", description="Hexadecimal HMAC-SHA256.")


UNSIGNED = Assertion(
    key_id="",
    workflow_id="",
    command="",
    update_id="",
    actor="",
    method=AuthenticationMethod.SERVICE,
    at=datetime.min.replace(tzinfo=UTC),
    body_hash="",
)
"""The place-holder of a command that nobody has signed; it never verifies."""


class Command(Contract):
    """What every command into a workflow has: who says so, and which version they looked at.

    A command without an assertion is taken in, so that the validator can refuse and count it.
    """

    assertion: Assertion = UNSIGNED
    if_match: int | None = Field(default=None, description="The record version that the caller saw.")


class TextRef(Contract):
    """Where a person's words are: the reference and the salted digest that history may carry."""

    ref: str
    digest: str
