"""The proof of who commands: signing and verifying assertions.

Pure, of the standard library and contracts only: workflows pass this module through and verify with it, and
the keys stay in the process that installed them, never in a history.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from steadydesk.contracts.assertion import UNSIGNED, Assertion, AuthenticationMethod, Command
from steadydesk.errors import ForgedCommand

MAX_AGE = timedelta(seconds=60)
"""How long ago a caller may have proved who they are when their command is taken in; a workflow that verifies
it later does not look at its age.
"""

MIN_KEY_BYTES = 32
_PURPOSE = "steadydesk-assertion-1"

C = TypeVar("C", bound=Command)


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by id, each of 32 bytes or more. New assertions take ``current``; older keys still verify."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise ValueError(f"the keyring has no key '{self.current}', which it names as current")
        for key_id, key in self.keys.items():
            if len(key) < MIN_KEY_BYTES:
                raise ValueError(f"key '{key_id}' has {len(key)} bytes; at least {MIN_KEY_BYTES} are needed")


class _Installed:
    keyring: Keyring | None = None


def install(keyring: Keyring) -> None:
    """Give this process its keyring; worker and API do so once, before they serve, and again after a
    rotation.
    """
    _Installed.keyring = keyring


def installed() -> Keyring:
    """The keyring of this process; RuntimeError when none was installed."""
    if _Installed.keyring is None:
        raise RuntimeError("no keyring is installed in this process; call install(keyring) when it starts")
    return _Installed.keyring


def body_hash(command: Command) -> str:
    """SHA-256, hexadecimal, over the canonical JSON of the command without its assertion.

    Fields at their default are left out, so that a worker which knows one more optional field than the API
    that signed still finds the same hash.
    """
    body = command.model_dump(mode="json", by_alias=True, exclude={"assertion"}, exclude_defaults=True)
    return hashlib.sha256(_canonical(body)).hexdigest()


def unsigned() -> Assertion:
    """The place-holder that a command carries until it is signed; it never verifies."""
    return UNSIGNED


def signed(
    keyring: Keyring,
    body: C,
    *,
    workflow_id: str,
    command: str,
    update_id: str,
    actor: str,
    acting_for: str | None,
    method: AuthenticationMethod,
    at: datetime,
) -> C:
    """``body``, made with ``assertion=unsigned()``, with the assertion in place that ``actor`` sends it as ``command``
    to ``workflow_id``, under ``update_id``, at ``at``.
    """
    statement = Assertion(
        key_id=keyring.current,
        workflow_id=workflow_id,
        command=command,
        update_id=update_id,
        actor=actor,
        acting_for=acting_for,
        method=method,
        at=at,
        body_hash=body_hash(body),
    )
    mac = _mac(keyring.keys[keyring.current], statement)
    return body.model_copy(update={"assertion": statement.model_copy(update={"mac": mac})})


def verify(
    keyring: Keyring, assertion: Assertion, *, workflow_id: str, command: str, update_id: str, body: Command
) -> None:
    """Raise ForgedCommand unless the API signed exactly this body for exactly this place; the age is not
    looked at.
    """
    key = keyring.keys.get(assertion.key_id)
    if key is None:
        raise _forged("it names a signing key that this installation does not have", "key")
    if not hmac.compare_digest(_mac(key, assertion).encode(), assertion.mac.encode(errors="replace")):
        raise _forged("its signature does not match", "signature")
    said = (assertion.workflow_id, assertion.command, assertion.update_id)
    if said != (workflow_id, command, update_id):
        raise _forged("it was made for another record, command or update", "binding")
    if not hmac.compare_digest(assertion.body_hash.encode(), body_hash(body).encode()):
        raise _forged("it was made for another content", "body")


def is_fresh(proved_at: datetime, now: datetime) -> bool:
    """Whether the API may still take a command in: at most 60 s after the caller proved who they are."""
    return abs(now - proved_at) <= MAX_AGE


def _mac(key: bytes, assertion: Assertion) -> str:
    statement = [
        _PURPOSE,
        assertion.key_id,
        assertion.workflow_id,
        assertion.command,
        assertion.update_id,
        assertion.actor,
        assertion.acting_for,
        assertion.method.value,
        assertion.at.astimezone(UTC).isoformat(timespec="microseconds"),
        assertion.body_hash,
    ]
    return hmac.new(key, _canonical(statement), hashlib.sha256).hexdigest()


def _canonical(value: object) -> bytes:
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode()


def _forged(reason: str, check: str) -> ForgedCommand:
    return ForgedCommand(f"The command's assertion is not valid: {reason}.", details={"check": check})
