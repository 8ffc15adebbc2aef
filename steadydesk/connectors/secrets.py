"""Secret references `secret://name`, and who may use each: connectors, hosts and functions, all named."""

import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from steadydesk.connectors.errors import BadConfiguration, SecretForbidden, SecretMissing
from steadydesk.connectors.protocol import SecretScope

_REFERENCE = re.compile(r"secret://([a-z][a-z0-9-]{0,62})")
_LARGEST = 65_536

SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
SecretReference = Annotated[str, StringConstraints(pattern=r"^secret://[a-z][a-z0-9-]{0,62}$")]
Names = Annotated[frozenset[str], Field(min_length=1)]


class SecretDefinition(BaseModel):
    """Where a secret's value lives (`environment`: a variable; `file`: a file of mode 600 or 400) and the
    connectors, host names and functions that may use it. There is no wildcard.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: SecretName
    environment: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    file: Path | None = None
    connectors: Names
    hosts: Names
    functions: Names

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.environment is None) == (self.file is None):
            raise ValueError("name either `environment` or `file` as the source of the secret")
        return self

    def refusal(self, *, connector: str, host: str, function: str) -> str | None:
        """Why this use is not allowed, for the linter; None when it is."""
        hosts = {entry.lower() for entry in self.hosts}
        uses = (
            ("connector", connector, connector in self.connectors),
            ("host", host, host.lower() in hosts),
            ("function", function, function in self.functions),
        )
        return next(
            (f"secret {self.name} may not be used by {kind} {name}" for kind, name, fits in uses if not fits),
            None,
        )


class SecretStore:
    """Reads values at every use, so that a rotated secret needs no restart, and keeps none."""

    def __init__(self, definitions: Iterable[SecretDefinition], environ: Mapping[str, str]) -> None:
        self._definitions: dict[str, SecretDefinition] = {}
        self._environ = environ
        for definition in definitions:
            if definition.name in self._definitions:
                raise BadConfiguration(f"secret {definition.name} is defined twice")
            self._definitions[definition.name] = definition

    def resolve(self, reference: str, *, connector: str, host: str, function: str) -> SecretStr:
        """Raises SecretForbidden before the value is read, SecretMissing when it cannot be read."""
        definition = self._definition(reference)
        refusal = definition.refusal(connector=connector, host=host, function=function)
        if refusal is not None:
            raise SecretForbidden(refusal)
        value = self._read(definition)
        if not value:
            raise SecretMissing(f"secret {definition.name} is empty or not set")
        return SecretStr(value)

    def scope(self, *, connector: str, function: str) -> "BoundSecrets":
        """What a ConnectorCall carries: the store as one connector sees it for one function."""
        return BoundSecrets(self, connector, function)

    def _definition(self, reference: str) -> SecretDefinition:
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            # The text may be a secret that was pasted in the place of its name: never repeat it.
            raise BadConfiguration("a secret reference has the form secret://name")
        if match[1] not in self._definitions:
            raise SecretMissing(f"secret {match[1]} is not defined")
        return self._definitions[match[1]]

    def _read(self, definition: SecretDefinition) -> str | None:
        if definition.file is not None:
            return _read_private(definition.file, definition.name)
        return self._environ.get(definition.environment or "")

    def __repr__(self) -> str:
        return f"SecretStore({sorted(self._definitions)})"


@dataclass(frozen=True, slots=True)
class BoundSecrets:
    store: SecretStore
    connector: str
    function: str

    def resolve(self, reference: str, host: str) -> SecretStr:
        return self.store.resolve(reference, connector=self.connector, host=host, function=self.function)


@dataclass(frozen=True, slots=True)
class SecretsUsed:
    """A scope that remembers what it gave out, so that it is left out of what a target says in return."""

    scope: SecretScope
    given: list[SecretStr] = field(default_factory=list[SecretStr])

    def resolve(self, reference: str, host: str) -> SecretStr:
        secret = self.scope.resolve(reference, host)
        self.given.append(secret)
        return secret


def _read_private(path: Path, name: str) -> str:
    """Content of a regular file that only its owner (this process's user or root) can touch."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise SecretMissing(f"secret {name}: its file cannot be opened ({error.strerror})") from None
    try:
        # Checked on the open descriptor: a check on the path could be of another file.
        _require_private(os.fstat(descriptor), name)
        content = os.read(descriptor, _LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(content) > _LARGEST:
        raise SecretMissing(f"secret {name}: its file is larger than {_LARGEST} bytes")
    try:
        return content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SecretMissing(f"secret {name}: its file is not UTF-8 text") from None


def _require_private(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o177:
        raise SecretMissing(f"secret {name}: its file must be a regular file of mode 600")
    if status.st_uid not in (os.geteuid(), 0):
        raise SecretMissing(f"secret {name}: its file belongs to another user")
