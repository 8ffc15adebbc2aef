"""Anchors: a signature for every field, one chain, and a digest that stands for the heads."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from steadydesk.policies.anchor import (
    FIRST,
    Anchor,
    AnchorFault,
    Head,
    anchored,
    faults_of,
    heads_digest,
    is_signed,
    key_id,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = {key_id(KEY.public_key().public_bytes_raw()): KEY.public_key().public_bytes_raw()}
HEADS = [Head("REQ0000002", 3, "b" * 64), Head("REQ0000001", 7, "a" * 64)]


def series(length: int) -> list[Anchor]:
    made: list[Anchor] = []
    for ordinal in range(length):
        after = made[-1].statement if made else None
        at = NOW + timedelta(hours=ordinal)
        made.append(anchored(b"k" * 32, HEADS, after=after, at=at, up_to=ordinal * 10))
    return made


def kinds(anchors: list[Anchor]) -> list[tuple[AnchorFault, int]]:
    return [(fault, serial) for fault, serial, _ in faults_of(anchors, PUBLIC)]


def test_a_series_has_no_fault_and_begins_with_nothing_before_it() -> None:
    anchors = series(3)
    assert kinds(anchors) == []
    assert [anchor.statement.serial for anchor in anchors] == [1, 2, 3]
    assert anchors[0].statement.previous == FIRST


def test_it_survives_its_json() -> None:
    anchor = series(1)[0]
    assert Anchor.model_validate_json(anchor.model_dump_json()) == anchor
    assert is_signed(Anchor.model_validate_json(anchor.brief().model_dump_json()), PUBLIC)


@pytest.mark.parametrize(
    "change",
    [
        {"serial": 9},
        {"at": NOW + timedelta(seconds=1)},
        {"previous": "1" * 64},
        {"up_to": 99},
        {"records": 3},
        {"heads": "2" * 64},
        {"key": "0" * 32},
    ],
)
def test_every_field_is_signed(change: dict[str, object]) -> None:
    anchor = series(1)[0]
    other = anchor.model_copy(update={"statement": anchor.statement.model_copy(update=change)})
    assert not is_signed(other, PUBLIC)


@pytest.mark.parametrize("signature", ["", "zz", "00" * 64])
def test_a_wrong_signature_is_none(signature: str) -> None:
    anchor = series(1)[0].model_copy(update={"signature": signature})
    assert not is_signed(anchor, PUBLIC)


def test_an_unknown_key_signs_nothing() -> None:
    assert not is_signed(series(1)[0], {})


def test_a_missing_one_in_the_middle_is_named() -> None:
    first, _, third = series(3)
    assert kinds([first, third]) == [(AnchorFault.MISSING, 2)]


def test_a_missing_beginning_is_named() -> None:
    assert kinds(series(3)[2:]) == [(AnchorFault.MISSING, 1), (AnchorFault.MISSING, 2)]


def test_one_of_another_series_does_not_follow() -> None:
    first = series(2)[0]
    stranger = anchored(b"k" * 32, HEADS, after=None, at=NOW, up_to=5)
    second = anchored(b"k" * 32, HEADS, after=stranger.statement, at=NOW, up_to=6)
    assert kinds([first, second]) == [(AnchorFault.UNCHAINED, 2)]


def test_other_heads_than_signed_are_named() -> None:
    anchor = series(1)[0].model_copy(update={"heads": [HEADS[0]]})
    assert kinds([anchor]) == [(AnchorFault.OTHER_HEADS, 1)]


heads = st.builds(
    Head, st.text("REQ012", min_size=1, max_size=8), st.integers(1, 99), st.text("ab", max_size=4)
)


@given(st.lists(heads, max_size=6), st.lists(heads, max_size=6))
def test_the_digest_is_of_the_set_of_heads(one: list[Head], other: list[Head]) -> None:
    assert (heads_digest(one) == heads_digest(other)) == (sorted(one) == sorted(other))
