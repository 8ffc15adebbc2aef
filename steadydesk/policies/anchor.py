"""Signed heads of audit chains: the statement, its signature, and what is wrong with a series of them. Pure."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from steadydesk.contracts.base import Contract

FIRST = "0" * 64
"""What the first statement names as the one before it."""


class Head(NamedTuple):
    """Where the chain of one record ended: its number, last position and hash."""

    number: str
    position: int
    hash: str


class Statement(Contract):
    """What is signed: small enough for one line of a log server, whatever the number of records."""

    serial: int
    at: datetime
    previous: str
    up_to: int
    records: int
    heads: str
    key: str


class Anchor(Contract):
    """A statement with its Ed25519 signature (hexadecimal) and, where there is room, the heads it stands for."""

    statement: Statement
    signature: str
    heads: list[Head] | None = None

    def brief(self) -> "Anchor":
        return self.model_copy(update={"heads": None})


class AnchorFault(StrEnum):
    MISSING = "anchor_missing"
    FORGED = "anchor_forged"
    UNCHAINED = "anchor_unchained"
    OTHER_HEADS = "anchor_heads_altered"


def key_id(public: bytes) -> str:
    """The name of a public key: the first half of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:32]


def heads_digest(heads: Iterable[Head]) -> str:
    """SHA-256 over one line per head, ``number position hash``, in the order of the numbers."""
    digest = hashlib.sha256()
    for head in sorted(heads):
        digest.update(f"{head.number} {head.position} {head.hash}\n".encode())
    return digest.hexdigest()


def signed_text(statement: Statement) -> bytes:
    """The bytes under the signature: JSON with sorted keys, no spaces, and the instant in UTC."""
    values = statement.model_dump(mode="json") | {
        "at": statement.at.astimezone(UTC).isoformat(timespec="microseconds")
    }
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


def fingerprint(statement: Statement) -> str:
    """What the next statement names as ``previous``."""
    return hashlib.sha256(signed_text(statement)).hexdigest()


def anchored(
    private: bytes, heads: Sequence[Head], *, after: Statement | None, at: datetime, up_to: int
) -> Anchor:
    """The anchor that follows ``after``; ``up_to`` is the audit sequence below which nothing new appears."""
    key = Ed25519PrivateKey.from_private_bytes(private)
    statement = Statement(
        serial=after.serial + 1 if after else 1,
        at=at.astimezone(UTC),
        previous=fingerprint(after) if after else FIRST,
        up_to=up_to,
        records=len(heads),
        heads=heads_digest(heads),
        key=key_id(key.public_key().public_bytes_raw()),
    )
    return Anchor(statement=statement, signature=key.sign(signed_text(statement)).hex(), heads=sorted(heads))


def is_signed(anchor: Anchor, public_keys: Mapping[str, bytes]) -> bool:
    """Whether one of our keys, the one that the statement names, made the signature."""
    public = public_keys.get(anchor.statement.key)
    if public is None:
        return False
    try:
        signature = bytes.fromhex(anchor.signature)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed_text(anchor.statement))
    except (InvalidSignature, ValueError):
        return False
    return True


def faults_of(
    anchors: Sequence[Anchor], public_keys: Mapping[str, bytes]
) -> Iterator[tuple[AnchorFault, int, str]]:
    """Kind, serial and words of all that is wrong with a series, ``anchors`` being in the order of their serials."""
    expected, previous = 1, FIRST
    for anchor in anchors:
        statement = anchor.statement
        for serial in range(expected, statement.serial):
            yield AnchorFault.MISSING, serial, "it is not there"
        if not is_signed(anchor, public_keys):
            yield AnchorFault.FORGED, statement.serial, "its signature was not made by a known key"
        if statement.serial == expected and statement.previous != previous:
            yield AnchorFault.UNCHAINED, statement.serial, "it does not follow the one before it"
        if anchor.heads is not None and heads_digest(anchor.heads) != statement.heads:
            yield AnchorFault.OTHER_HEADS, statement.serial, "its heads are not those that were signed"
        expected, previous = statement.serial + 1, fingerprint(statement)
