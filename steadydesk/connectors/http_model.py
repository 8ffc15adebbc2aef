"""The configuration of an http connector: its address, its credentials and its operations."""

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Literal, Self

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from steadydesk.connectors.errors import BadValue, Blocked
from steadydesk.connectors.secrets import SecretReference
from steadydesk.connectors.values import (
    CALL_FACTS,
    REFERENCE,
    checked_header,
    path_references,
    references,
)
from steadydesk.egress.guard import split_url

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
ValueName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,62}$")]
Status = Annotated[int, Field(ge=200, le=599)]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

# Set by the connector or the protocol; a literal credential belongs into a secret.
_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "idempotency-key",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


@lru_cache(maxsize=1024)
def compiled(expression: str) -> ParsedResult:
    return jmespath.compile(expression)


def _jmespath(expression: str) -> str:
    try:
        compiled(expression)
    except JMESPathError as error:
        raise ValueError(f"is not a JMESPath expression: {error}") from None
    return expression


Expression = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_jmespath)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class BearerAuth(_Model):
    scheme: Literal["bearer"]
    secret: SecretReference


class BasicAuth(_Model):
    scheme: Literal["basic"]
    username: str = Field(pattern=r"^[^:\x00-\x1f\x7f]+$", max_length=200)
    secret: SecretReference


class HeaderAuth(_Model):
    """The secret is the whole value of a header, such as `X-API-Key`."""

    scheme: Literal["header"]
    header: str
    secret: SecretReference

    @field_validator("header")
    @classmethod
    def _own_name(cls, header: str) -> str:
        return _header_name(header)


Auth = Annotated[BearerAuth | BasicAuth | HeaderAuth, Field(discriminator="scheme")]


class LookupRule(_Model):
    """How to learn what became of a key. `done` and `not_done` are JMESPath over `{status, body}`; neither
    true means that the remote cannot tell. The remote may still be at work when it says "not there", so
    nobody asks before `settle_seconds` have passed. The outputs of the effect are read from this answer: by
    the asked operation's own expressions, or, where it has none, by those of the operation in doubt.
    """

    operation: Name
    done: Expression
    not_done: Expression
    settle_seconds: int = Field(default=60, ge=0, le=86_400)


class VerifyRule(_Model):
    """`expect` is JMESPath over `{status, body, values, outputs}` and must be exactly true."""

    operation: Name
    expect: Expression


class HttpOperation(_Model):
    """`success` statuses mean done; `retry` statuses mean that the remote did nothing and may be asked
    again (429 and 503 always do). `repeatable` says that a repeat with the same key is safe: always for GET
    and HEAD, otherwise only where the remote honours `Idempotency-Key`. `outputs` and `reference` are
    JMESPath over the body; each must be present.
    """

    method: Method
    path: str = Field(max_length=2000)
    query: dict[str, JsonValue] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    body: JsonValue = None
    success: frozenset[Status] = Field(default=frozenset({200, 201, 204}), min_length=1)
    retry: frozenset[Status] = frozenset()
    repeatable: bool = False
    outputs: dict[ValueName, Expression] = Field(default_factory=dict)
    reference: Expression | None = None
    lookup: LookupRule | None = None
    verify: VerifyRule | None = None
    undo: Name | None = None

    @property
    def reads(self) -> bool:
        return self.method in ("GET", "HEAD")

    @property
    def safe_to_repeat(self) -> bool:
        return self.reads or self.repeatable

    def references(self) -> Iterator[tuple[str | None, str]]:
        """(space, name) of every value that the operation uses; space is None, `outputs` or `call`."""
        texts = [*path_references(self.path), *references([self.query, dict(self.headers), self.body])]
        for text in texts:
            match = REFERENCE.fullmatch(text)
            if match is None:
                raise ValueError(f"{text!r} is no reference; write $name, or $$ for a literal dollar sign")
            yield match[1], match[2]

    def answered_by(self, asked: "HttpOperation") -> "HttpOperation":
        """The asked operation of a lookup, giving the outputs of this one."""
        outputs = {name: asked.outputs.get(name, own) for name, own in self.outputs.items()}
        reference = asked.reference or self.reference
        return asked.model_copy(update={"outputs": outputs, "reference": reference})

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for space, name in self.references():
            if space == "call" and name not in CALL_FACTS:
                raise ValueError(f"$call.{name} does not exist; there are {', '.join(sorted(CALL_FACTS))}")
        for name, value in self.headers.items():
            _header_name(name)
            if not value.startswith("$"):
                _literal_header(name, value)
        if self.body is not None and self.reads:
            raise ValueError(f"a {self.method} request has no body")
        if self.success & self.retry:
            raise ValueError("a status is either success or retry, not both")
        return self


class HttpConfiguration(_Model):
    """`base_url` ends before the first `/` of the operations' paths."""

    base_url: str
    auth: Auth | None = None
    operations: dict[Name, HttpOperation] = Field(min_length=1)
    largest_answer: int = Field(default=1_000_000, ge=1_000, le=50_000_000)

    @field_validator("base_url")
    @classmethod
    def _plain_base(cls, url: str) -> str:
        try:
            parts = split_url(url)
        except Blocked as error:
            raise ValueError(error.message) from None
        if parts.query or parts.fragment or "?" in url or "#" in url:
            raise ValueError("a base URL has no query and no fragment")
        if parts.path.strip("/") and path_references(parts.path.rstrip("/")):
            raise ValueError("a base URL has no {field}; put it into the operations' paths")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _known_operations(self) -> Self:
        for name, operation in self.operations.items():
            for role, other in _followers(operation):
                if other not in self.operations:
                    raise ValueError(f"operations.{name}.{role}: there is no operation {other!r}")
                self._check_follower(name, role, operation, self.operations[other])
        return self

    def _check_follower(self, name: str, role: str, first: HttpOperation, other: HttpOperation) -> None:
        if role != "undo" and not other.safe_to_repeat:
            raise ValueError(f"operations.{name}.{role}: the operation must be GET, HEAD or repeatable")
        missing = {key for space, key in other.references() if space == "outputs"} - first.outputs.keys()
        if missing and role != "lookup":
            raise ValueError(f"operations.{name}.{role}: needs outputs that {name} lacks: {sorted(missing)}")


def settle_time(operation: HttpOperation) -> timedelta | None:
    """How long to wait before the remote can be asked; None when it cannot be asked at all."""
    return None if operation.lookup is None else timedelta(seconds=operation.lookup.settle_seconds)


def _followers(operation: HttpOperation) -> Iterator[tuple[str, str]]:
    if operation.lookup is not None:
        yield "lookup", operation.lookup.operation
    if operation.verify is not None:
        yield "verify", operation.verify.operation
    if operation.undo is not None:
        yield "undo", operation.undo


def _header_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", name):
        raise ValueError("a header's name must be a token of RFC 9110")
    if name.lower() in _OWN_HEADERS:
        raise ValueError(f"header {name} is set by the connector; credentials belong under `auth`")
    return name


def _literal_header(name: str, value: str) -> None:
    try:
        checked_header(name, value)
    except BadValue as error:
        raise ValueError(error.message) from None
