from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from steadydesk.contracts.assertion import Assertion, AuthenticationMethod, Command, TextRef
from steadydesk.contracts.gate import Decision
from steadydesk.contracts.request_commands import Decide, Reschedule
from steadydesk.errors import ForgedCommand
from steadydesk.policies.assertion import (
    Keyring,
    body_hash,
    install,
    installed,
    is_fresh,
    signed,
    unsigned,
    verify,
)

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
OLD, NEW = b"o" * 32, b"n" * 32
KEYRING = Keyring("k1", {"k1": OLD})
PLACE = {"workflow_id": "REQ0000001", "command": "decide", "update_id": "u-1"}


def decide(decision: Decision = Decision.APPROVED, keyring: Keyring = KEYRING) -> Decide:
    body = Decide(
        assertion=unsigned(), gate="REQ0000001-G1", decision=decision, comment=TextRef(ref="x", digest="d")
    )
    return signed(
        keyring,
        body,
        **PLACE,
        actor="p_aaaaaaaaaaaa",
        acting_for="p_bbbbbbbbbbbb",
        method=AuthenticationMethod.TOKEN,
        at=NOW,
    )


def refused_for(assertion: Assertion, body: Command, keyring: Keyring = KEYRING, **place: Any) -> str:
    with pytest.raises(ForgedCommand) as caught:
        verify(keyring, assertion, **{**PLACE, **place}, body=body)
    return caught.value.details["check"]


def test_verifies_what_was_signed_also_after_a_trip_as_json() -> None:
    command = decide()
    arrived = Decide.model_validate_json(command.model_dump_json())
    assert verify(KEYRING, arrived.assertion, **PLACE, body=arrived) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actor", "p_cccccccccccc"),
        ("acting_for", None),
        ("acting_for", "p_cccccccccccc"),
        ("method", AuthenticationMethod.PASSWORD),
        ("at", NOW + timedelta(microseconds=1)),
        ("workflow_id", "REQ0000002"),
        ("command", "cancel"),
        ("update_id", "u-2"),
        ("body_hash", "0" * 64),
        ("mac", "0" * 64),
        ("mac", ""),
        ("mac", "é"),
    ],
)
def test_refuses_an_assertion_with_one_field_changed(field: str, value: object) -> None:
    command = decide()
    changed = command.assertion.model_copy(update={field: value})
    assert refused_for(changed, command) == "signature"


@pytest.mark.parametrize(
    ("name", "value"), [("workflow_id", "REQ0000002"), ("command", "cancel"), ("update_id", "u-2")]
)
def test_refuses_an_assertion_moved_to_another_place(name: str, value: str) -> None:
    command = decide()
    assert refused_for(command.assertion, command, KEYRING, **{name: value}) == "binding"


def test_refuses_another_body_under_a_genuine_assertion() -> None:
    approved, rejected = decide(), decide(Decision.REJECTED)
    assert refused_for(approved.assertion, rejected) == "body"
    later = approved.model_copy(update={"if_match": 3})
    assert refused_for(approved.assertion, later) == "body"


def test_refuses_unsigned_unknown_and_foreign_keys() -> None:
    command = decide()
    assert refused_for(unsigned(), command) == "key"
    assert refused_for(command.assertion, command, Keyring("k2", {"k2": NEW})) == "key"
    assert refused_for(command.assertion, command, Keyring("k1", {"k1": NEW})) == "signature"


def test_rotation_keeps_what_the_old_key_signed_and_signs_with_the_new_one() -> None:
    rotated = Keyring("k2", {"k1": OLD, "k2": NEW})
    before, after = decide(), decide(keyring=rotated)
    verify(rotated, before.assertion, **PLACE, body=before)
    assert after.assertion.key_id == "k2"
    assert refused_for(after.assertion, after) == "key"
    relabelled = before.assertion.model_copy(update={"key_id": "k2"})
    assert refused_for(relabelled, before, rotated) == "signature"


def test_age_is_looked_at_only_at_the_edge() -> None:
    assert is_fresh(NOW, NOW + timedelta(seconds=60))
    assert not is_fresh(NOW, NOW + timedelta(seconds=61))
    assert not is_fresh(NOW, NOW - timedelta(seconds=61))


WHOLE_MINUTES_SINCE = datetime(1973, 1, 1)  # noqa: DTZ001 - Hypothesis adds the zone
"""Zones were off UTC by seconds before, which JSON has no form for."""


class Wider(Decide):
    """The command as a newer worker knows it."""

    remark: str | None = None
    marks: list[str] = Field(default_factory=list)


def test_a_worker_that_knows_one_more_optional_field_finds_the_same_hash() -> None:
    command = decide()
    newer = Wider.model_validate_json(command.model_dump_json())
    verify(KEYRING, newer.assertion, **PLACE, body=newer)
    assert refused_for(newer.assertion, newer.model_copy(update={"remark": "x"})) == "body"


@given(
    st.datetimes(min_value=WHOLE_MINUTES_SINCE, timezones=st.timezones()),
    st.text(max_size=20),
    st.none() | st.integers(0, 2**31),
)
def test_hash_survives_json_and_tells_bodies_apart(at: datetime, line: str, version: int | None) -> None:
    body = Reschedule(assertion=unsigned(), line=line, effective_at=at, if_match=version)
    arrived = Reschedule.model_validate_json(body.model_dump_json())
    assert body_hash(arrived) == body_hash(body)
    other = body.model_copy(update={"line": line + "x"})
    assert body_hash(other) != body_hash(body)


def test_the_same_instant_in_another_zone_is_the_same_statement() -> None:
    command = decide()
    berlin = command.assertion.model_copy(update={"at": NOW.astimezone()})
    verify(KEYRING, berlin, **PLACE, body=command)


def test_keyring_refuses_short_keys_and_a_missing_current_one() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        Keyring("k", {"k": b"short"})
    with pytest.raises(ValueError, match="no key 'k2'"):
        Keyring("k2", {"k1": OLD})
    assert OLD.decode() not in repr(KEYRING)


def test_installed_keyring_is_the_processes_own() -> None:
    install(KEYRING)
    assert installed() is KEYRING


def test_a_signature_is_deterministic_and_differs_by_key() -> None:
    one = decide().assertion
    assert one == decide().assertion
    assert one.mac != decide(keyring=Keyring("k1", {"k1": NEW})).assertion.mac
