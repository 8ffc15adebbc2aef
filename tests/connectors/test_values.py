"""The injection corpus: whatever a person writes stays one segment, one parameter, one header, one value."""

import json
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steadydesk.connectors.errors import BadValue
from steadydesk.connectors.http import HttpConnector
from steadydesk.connectors.http_model import HttpConfiguration
from steadydesk.connectors.protocol import ConnectorCall
from steadydesk.connectors.values import Bindings, checked_header, fill_body, fill_path, fill_query
from steadydesk.egress.exchange import HttpExchange
from tests.connectors.remote import FixedSecrets, Remote

TEXTS = [
    "plain",
    "two words",
    "a/b",
    "a\\b",
    "?admin=1",
    "#fragment",
    "a%2Fb",
    "%2e%2e%2f",
    "%00",
    ";drop",
    "a&b=c",
    "{name}",
    "{outputs.id}",
    "$name",
    "$call.key",
    "{{ 7*7 }}",
    "${jndi:ldap://x}",
    "'; DROP TABLE people;--",
    "<script>alert(1)</script>",
    "Zo\u00eb \u4f60\u597d \U0001f600",
    "\u202eabc",
    "http://evil.example/",
    "@evil.example",
    "a:b",
    "...",
    "x" * 3000,
]
REFUSED_SEGMENTS = [
    "",
    ".",
    "..",
    "../x",
    "a/../b",
    "..\\x",
    "a\\.",
    "a\nb",
    "a\r\nHost: x",
    "a\x00b",
    "\x7f",
    "\x85",
    "\ud800",
]
REFUSED_HEADERS = [
    "",
    " a",
    "a ",
    "a\r\nX: y",
    "a\nb",
    "a\rb",
    "a\x00",
    "a\x0bb",
    "a\x7f",
    "a\x85b",
    "\u4f60",
    "\u2028",
    "\ud800",
    "a\u0100",
    "x" * 4097,
]


def bound(**values: object) -> Bindings:
    return Bindings(ConnectorCall("t", "o", values, "key", FixedSecrets({})))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("text", TEXTS)
async def test_the_corpus_at_a_real_server(
    text: str, remote: Remote, exchange: HttpExchange, call: Callable[..., ConnectorCall]
) -> None:
    operation = {
        "method": "POST",
        "path": "/p/{name}/end",
        "query": {"q": "$name"},
        "body": {"in": ["$name"]},
    }
    configuration = HttpConfiguration.model_validate(
        {"base_url": remote.url, "operations": {"send": operation}}
    )
    await HttpConnector(configuration, exchange).perform(call("send", {"name": text}))
    target, body = remote.received[0].target, remote.received[0].body
    path, _, query = target.partition("?")
    assert [unquote(segment) for segment in path.split("/")] == ["", "p", text, "end"]
    assert parse_qsl(query, strict_parsing=True) == [("q", text)]
    assert json.loads(body) == {"in": [text]}


@pytest.mark.parametrize("text", REFUSED_SEGMENTS)
def test_segments_that_would_leave_their_place_are_refused(text: str) -> None:
    with pytest.raises(BadValue) as raised:
        fill_path("/a/{name}", bound(name=text))
    assert raised.value.field == "name"


@given(st.text(max_size=30))
def test_any_text_is_one_segment_or_refused(text: str) -> None:
    try:
        path = fill_path("/a/{name}/b", bound(name=text))
    except BadValue:
        return
    assert path.isascii()
    assert [unquote(segment) for segment in path.split("/")] == ["", "a", text, "b"]


@pytest.mark.parametrize("text", REFUSED_HEADERS)
def test_headers_are_one_latin_line(text: str) -> None:
    with pytest.raises(BadValue) as raised:
        checked_header("X-Reason", text)
    assert raised.value.field == "X-Reason"


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\n", "\u00e9"])
def test_header_names_are_tokens(name: str) -> None:
    with pytest.raises(BadValue):
        checked_header(name, "x")


@given(st.text(max_size=30))
def test_any_header_survives_as_itself_or_is_refused(text: str) -> None:
    try:
        checked = checked_header("X-Reason", text)
    except BadValue:
        return
    assert checked == text
    assert not set(checked) & set("\r\n\x00")
    assert checked.encode("latin-1")


def test_scalars_and_lists_in_a_query() -> None:
    template = {"a": "$a", "b": "$b", "none": "$none", "literal": 1.5}
    assert (
        fill_query(template, bound(a=[True, "x y", None], b=7, none=None)) == "a=true&a=x%20y&b=7&literal=1.5"
    )
    with pytest.raises(BadValue, match="only a text, number or boolean"):
        fill_query({"a": "$a"}, bound(a={"nested": 1}))
    with pytest.raises(BadValue):
        fill_query({"a": "$a"}, bound(a="\ud800"))


def test_a_value_that_looks_like_a_reference_is_not_resolved_again() -> None:
    body = fill_body({"x": "$a", "literal": "$$a"}, bound(a="$b", b="secret"))
    assert json.loads(body) == {"x": "$b", "literal": "$a"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"deep": object()}])
def test_what_json_cannot_carry_is_refused(value: object) -> None:
    with pytest.raises(BadValue) as raised:
        fill_body({"x": "$a"}, bound(a=value))
    assert raised.value.field == "body"
