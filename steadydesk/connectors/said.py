"""What a target said, as words that a person may read: one short line, without secrets and what is confidential."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, cast
from urllib.parse import quote

LONGEST = 300
HIDDEN = "•••"

_EXCERPT = 2000
"""So many bytes of an answer are kept, or characters (``ConnectorFault.detail``): its end may be amid a word."""
_MEMBERS = ("title", "message", "detail", "error", "error_description", "reason", "errors")
"""Of RFC 9457, RFC 6749 and what else is usual."""
_MOST = 4
_SHORT = 4
_CREDENTIALS = re.compile(
    r"(?i:\b(bearer|basic|digest)(\s+)(?-i:(?=\S*[0-9A-Z=])\S{6,})|\b(token|password|secret|key)(\s*[=:]\s*)\S+)"
)


def safe_words(detail: str, secrets: Iterable[str], confidential: Iterable[str] = ()) -> str:
    """Of an answer in JSON the words of its members for problems; empty where it says nothing in words. A word that
    holds a secret in any form of writing is left out, and so are the confidential values.
    """
    text = _one_line(" · ".join(dict.fromkeys(_words_of(detail))))
    for form in sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True):
        text = re.sub(rf"\S*{re.escape(form)}\S*", HIDDEN, text, flags=re.IGNORECASE)
    for value in sorted({_one_line(each) for each in confidential} - {""}, key=len, reverse=True):
        text = re.sub(_exactly(value), HIDDEN, text, flags=re.IGNORECASE)
    text = _CREDENTIALS.sub(lambda found: f"{found[1] or found[3]}{found[2] or found[4]}{HIDDEN}", text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _words_of(detail: str) -> Iterator[str]:
    try:
        yield from _words_in(json.loads(detail), 0)
    except (ValueError, RecursionError):
        if not detail.lstrip().startswith(("{", "[", "<")):
            # Markup and half a document are nothing to read; of what was cut off the last word is left out.
            yield detail.rpartition(" ")[0] if _may_be_cut(detail) else detail


def _may_be_cut(detail: str) -> bool:
    """Bytes that are no UTF-8 became longer ones: what was cut is never shorter than the excerpt."""
    return len(detail.encode(errors="surrogatepass")) >= _EXCERPT


def _words_in(found: Any, depth: int) -> Iterator[str]:
    match found:
        case str():
            yield found
        case list() if depth < _MOST:
            for each in cast("list[Any]", found)[:_MOST]:
                yield from _words_in(each, depth + 1)
        case dict() if depth < _MOST:
            members = cast("dict[str, Any]", found)
            for name in _MEMBERS:
                yield from _words_in(members.get(name), depth + 1)
        case _:
            return


def _one_line(text: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _forms(secret: str) -> Iterator[str]:
    """As it is, percent-encoded, and within something that is in Base64, wherever it begins there."""
    plain = _one_line(secret)
    if not plain:
        return
    yield plain
    yield quote(secret, safe="")
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + secret.encode()).decode().rstrip("=")
        # The first and the last characters also hold bits of what stands around it.
        core = coded[before + 1 if before else 0 : -1]
        if len(core) >= _SHORT:
            yield core


def _exactly(value: str) -> str:
    return re.escape(value) if len(value) >= _SHORT else rf"(?<!\w){re.escape(value)}(?!\w)"
