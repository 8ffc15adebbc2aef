"""How values enter a request: as JSON values, percent-encoded path segments, encoded query parameters or
checked headers. A reference (`$name`) always fills a whole place; text is never substituted into text.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from pydantic import JsonValue

from steadydesk.connectors.errors import BadValue
from steadydesk.connectors.protocol import ConnectorCall, ConnectorResult

# `$name` a value of the call · `$outputs.name` an output of the performed call (verify and undo) ·
# `$call.key|target|reference` facts of the call · `$$…` the literal text `$…`
REFERENCE = re.compile(r"\$(?:(outputs|call)\.)?([A-Za-z_][A-Za-z0-9_-]*)")
CALL_FACTS = frozenset({"key", "target", "reference"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x21-\x7e\xa0-\xff](?:[\x20-\x7e\xa0-\xff\t]*[\x21-\x7e\xa0-\xff])?")
_PATH_FIELD = re.compile(r"\{((?:(?:outputs|call)\.)?[A-Za-z_][A-Za-z0-9_-]*)\}")
_PATH_LITERAL = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Bindings:
    """What the references of one operation stand for."""

    call: ConnectorCall
    result: ConnectorResult | None = field(default=None, repr=False)

    def value(self, reference: str) -> JsonValue:
        """JSON value of `$…`; raises BadValue when the call does not carry it."""
        match = REFERENCE.fullmatch(reference)
        if match is None:
            raise BadValue(reference, "is no reference; write $name, or $$ for a literal dollar sign")
        space, name = match[1], match[2]
        if space == "call":
            return self._fact(name)
        carried = self.call.values if space is None else (self.result.outputs if self.result else {})
        if name not in carried:
            raise BadValue(reference, "the call does not carry this value")
        return carried[name]

    def filled(self, template: JsonValue) -> JsonValue:
        """The template with each leaf that is a reference replaced by its whole value."""
        if isinstance(template, dict):
            return {key: self.filled(item) for key, item in template.items()}
        if isinstance(template, list):
            return [self.filled(item) for item in template]
        if not isinstance(template, str) or not template.startswith("$"):
            return template
        return template[1:] if template.startswith("$$") else self.value(template)

    def _fact(self, name: str) -> str:
        reference = self.result.external_reference if self.result else None
        facts = {"key": self.call.idempotency_key, "target": self.call.target, "reference": reference}
        fact = facts.get(name)
        if fact is None:
            raise BadValue(f"$call.{name}", "the call does not carry this value")
        return fact


def references(template: JsonValue) -> Iterator[str]:
    """Every reference in a body, query or header template, as written."""
    if isinstance(template, dict):
        for item in template.values():
            yield from references(item)
    elif isinstance(template, list):
        for item in template:
            yield from references(item)
    elif isinstance(template, str) and template.startswith("$") and not template.startswith("$$"):
        yield template


def path_references(template: str) -> list[str]:
    """References (`$name`) of a path template; raises ValueError for a malformed segment."""
    return [f"${match[1]}" for _, match in _segments(template) if match is not None]


def fill_path(template: str, bindings: Bindings) -> str:
    """Encoded path: `{name}` is a whole segment, and its value stays one segment whatever it holds."""
    filled = (
        literal if match is None else _segment(match[1], bindings.value(f"${match[1]}"))
        for literal, match in _segments(template)
    )
    return "".join(f"/{segment}" for segment in filled)


def fill_query(template: Mapping[str, JsonValue], bindings: Bindings) -> str:
    """Encoded query; null leaves a parameter out, a list of scalars repeats it."""
    pairs: list[tuple[str, str]] = []
    for name, item in template.items():
        value = bindings.filled(item)
        singles = value if isinstance(value, list) else [value]
        pairs.extend((name, scalar_text(name, single)) for single in singles if single is not None)
    try:
        return urlencode(pairs, quote_via=quote, safe="")
    except UnicodeEncodeError:
        raise BadValue("query", "holds half a surrogate pair, which is no text") from None


def fill_headers(template: Mapping[str, str], bindings: Bindings) -> dict[str, str]:
    return {name: checked_header(name, bindings.filled(item)) for name, item in template.items()}


def fill_body(template: JsonValue, bindings: Bindings) -> bytes:
    try:
        text = json.dumps(bindings.filled(template), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8")
    except (ValueError, TypeError, RecursionError):
        raise BadValue("body", "holds a value that JSON cannot carry") from None


def checked_header(name: str, value: JsonValue) -> str:
    """The value as a header of one line of latin characters; raises BadValue for anything else."""
    if not _HEADER_NAME.fullmatch(name):
        raise BadValue("header", "its name is not a token of RFC 9110")
    text = scalar_text(name, value)
    if len(text) > 4096 or not _HEADER_VALUE.fullmatch(text):
        raise BadValue(name, "a header is one line of 1 to 4096 latin characters without outer spaces")
    return text


def scalar_text(name: str, value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise BadValue(name, "only a text, number or boolean fits here")


def _segments(template: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    if not template.startswith("/"):
        raise ValueError("a path begins with /")
    for segment in template[1:].split("/"):
        match = _PATH_FIELD.fullmatch(segment)
        literal = _PATH_LITERAL.fullmatch(segment) or (segment == "" and template == "/")
        if match is None and (not literal or segment in (".", "..")):
            raise ValueError(f"path segment {segment!r} is neither one {{field}} nor encoded literal text")
        yield segment, match


def _segment(name: str, value: JsonValue) -> str:
    text = scalar_text(name, value)
    if not text or _CONTROL.search(text):
        raise BadValue(name, "a path segment must not be empty or hold control characters")
    # Encoding does not protect dots, and some servers decode %2F before they resolve "..".
    if any(part in (".", "..") for part in re.split(r"[/\\]", text)):
        raise BadValue(name, "a path segment must not step to another folder")
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise BadValue(name, "holds half a surrogate pair, which is no text") from None
