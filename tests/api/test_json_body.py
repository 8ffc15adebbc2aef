from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError

from api.json_body import parsed
from api.problems import pointer_of


@pytest.mark.parametrize(
    "body", [b'{"a": {"b": [1]}, "c": [{"b": 2}, {"b": 3}]}', b"[]", '{"ä": 1}'.encode("utf-16")]
)
def test_what_stands_once_is_taken(body: bytes) -> None:
    assert parsed(body) in ({"a": {"b": [1]}, "c": [{"b": 2}, {"b": 3}]}, [], {"ä": 1})


def faults(body: bytes) -> list[Any]:
    with pytest.raises(RequestValidationError) as raised:
        parsed(body)
    return list(raised.value.errors())


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (b'{"a": 1, "a": 1}', ["/a"]),
        (b'{"a": 1, "\\u0061": 1}', ["/a"]),
        (b'{"a": [{}, {"b": 1, "c": {}, "b": 2}], "a/b": 1, "a/b": 2}', ["/a/1/b", "/a~1b"]),
    ],
)
def test_each_key_that_stands_twice_is_named(body: bytes, pointers: list[str]) -> None:
    assert [pointer_of(fault["loc"][1:]) for fault in faults(body)] == pointers


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a": "\xe4"}', "byte 7 is not utf-8"),
        (b"[" * 50_000, "nested too deeply"),
        (b"1" * 5000, "too many digits"),
    ],
)
def test_what_cannot_be_read_says_why(body: bytes, reason: str) -> None:
    assert reason in faults(body)[0]["ctx"]["error"]
