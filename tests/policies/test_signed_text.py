"""Signed texts: what was signed comes back, and nothing else does; links to files end with their minute."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadydesk.policies.assertion import Keyring
from steadydesk.policies.file_link import GOOD_FOR, FileLink, link_in, token_of
from steadydesk.policies.signed_text import Purpose, sign_text, text_in

OLD = Keyring("k1", {"k1": b"1" * 32})
KEYRING = Keyring("k2", {"k2": b"2" * 32, **OLD.keys})
NOW = datetime(2030, 1, 1, tzinfo=UTC)
LINK = FileLink("att_1", "p_aaaaaaaaaaaa")


@given(text=st.text(max_size=200), purpose=st.sampled_from(Purpose))
def test_what_was_signed_comes_back_for_its_purpose_alone(text: str, purpose: Purpose) -> None:
    signed = sign_text(KEYRING, purpose, text)
    assert signed.isascii()
    assert not set(signed) & set(' ;,"/?#&=+%')
    assert {each: text_in(KEYRING, each, signed) for each in Purpose} == {
        each: text if each is purpose else None for each in Purpose
    }


@given(place=st.integers(min_value=0), letter=st.sampled_from("aZ0-_.=é\ud800"))
def test_no_letter_of_it_can_be_changed(place: int, letter: str) -> None:
    signed = sign_text(KEYRING, Purpose.BASKET, "p_aaaaaaaaaaaa t_1 t_2")
    at = place % len(signed)
    changed = signed[:at] + letter + signed[at + 1 :]
    assert changed == signed or text_in(KEYRING, Purpose.BASKET, changed) is None


@pytest.mark.parametrize(
    "typed", ["", ".", "..", "k2..", "k2.eA.", "k9.eA.eA", "t_" + "0" * 20, "\ud800.\ud800.x"]
)
def test_what_we_never_signed_is_nothing(typed: str) -> None:
    assert all(text_in(KEYRING, purpose, typed) is None for purpose in Purpose)


def test_an_older_key_goes_on_verifying_until_it_is_removed() -> None:
    signed = sign_text(OLD, Purpose.BASKET, "x")
    assert text_in(KEYRING, Purpose.BASKET, signed) == "x"
    assert text_in(Keyring("k2", {"k2": b"2" * 32}), Purpose.BASKET, signed) is None
    assert text_in(Keyring("k1", {"k1": b"3" * 32}), Purpose.BASKET, signed) is None


def test_a_link_is_good_for_its_time_and_no_longer() -> None:
    token = token_of(KEYRING, LINK, NOW)
    assert link_in(KEYRING, token, NOW) == LINK
    assert link_in(KEYRING, token, NOW + GOOD_FOR - timedelta(seconds=1)) == LINK
    assert link_in(KEYRING, token, NOW + GOOD_FOR) is None
    assert timedelta(minutes=2) >= GOOD_FOR


def test_what_was_signed_for_something_else_is_no_link() -> None:
    until = int((NOW + GOOD_FOR).timestamp())
    basket = sign_text(KEYRING, Purpose.BASKET, f"att_1 p_aaaaaaaaaaaa {until}")
    assert link_in(KEYRING, basket, NOW) is None
