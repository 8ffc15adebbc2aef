"""Numbers as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadydesk.contracts.numbers import (
    RecordKind,
    format_number,
    gate_id,
    kind_of,
    meant_numbers,
    owner_of_gate,
    parse_typed,
)

SERIALS = st.integers(1, 999_999_999_999)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("req42", "REQ0000042"),
        ("REQ 42", "REQ0000042"),
        ("req-0000042", "REQ0000042"),
        (" Req#42 ", "REQ0000042"),
        ("ritm_7", "RITM0000007"),
        ("SCTASK0012345", "SCTASK0012345"),
        ("gra1", "GRA0000001"),
        ("req 1 g2", "REQ0000001-G2"),
        ("REQ0000001-G2", "REQ0000001-G2"),
        ("REQ12345678", "REQ12345678"),
        ("req 1 g002", "REQ0000001-G2"),
        ("REQ1-G" + "9" * 5000, None),
        ("inc42", None),
        ("req", None),
        ("42", None),
        ("req42x", None),
        ("req-42-1", None),
        ("", None),
        ("REQ" + "9" * 13, None),
    ],
)
def test_what_a_person_types(typed: str, number: str | None) -> None:
    assert parse_typed(typed) == number


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        (" req42 ", ["REQ0000042"]),
        ("42", ["REQ0000042", "RITM0000042", "SCTASK0000042", "GRA0000042"]),
        ("9" * 13, []),
        ("\u0664\u0662", []),
        ("-42", []),
        ("laptop", []),
        ("", []),
    ],
)
def test_digits_mean_a_number_of_each_kind(typed: str, numbers: list[str]) -> None:
    assert meant_numbers(typed) == numbers


@given(st.sampled_from(RecordKind), SERIALS)
def test_a_number_is_read_back_however_it_is_written(kind: RecordKind, serial: int) -> None:
    number = format_number(kind, serial)
    assert kind_of(number) is kind
    for typed in (number, number.lower(), f"{kind.value} {serial}", f"{kind.value.lower()}{serial}"):
        assert parse_typed(typed) == number


@given(SERIALS, st.integers(1, 999))
def test_a_gate_knows_its_owner(serial: int, ordinal: int) -> None:
    number = format_number(RecordKind.REQUEST, serial)
    assert owner_of_gate(gate_id(number, ordinal)) == number
    assert parse_typed(gate_id(number, ordinal).lower()) == gate_id(number, ordinal)


@given(st.text(max_size=30))
def test_no_text_is_too_strange(text: str) -> None:
    found = parse_typed(text)
    assert found is None or parse_typed(found) == found
