"""The cookie that holds a browser's session id: its name, and how it is set and taken away."""

from http.cookies import SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from steadydesk.setting_values import is_loopback
from steadydesk.settings import Settings

PLAIN = "steadydesk"
HOST_BOUND = "__Host-steadydesk"
"""Taken by browsers only with Secure, for the whole host and no other."""


def session_in(headers: Headers) -> str | None:
    """The session id that the request carries, under the safer name first."""
    cookies = cookie_parser(headers.get("cookie", ""))
    return cookies.get(HOST_BOUND) or cookies.get(PLAIN) or None


def is_safe(settings: Settings) -> bool:
    """Whether cookies are for https only: everywhere but on a loopback address."""
    parts = urlsplit(settings.public_url)
    return parts.scheme == "https" or not is_loopback(parts.hostname or "")


def name_of(settings: Settings) -> str:
    return HOST_BOUND if is_safe(settings) else PLAIN


def set_cookie(
    settings: Settings, name: str, value: str, *, seconds: int | None = None, path: str = "/"
) -> str:
    """A ``Set-Cookie`` header: out of reach of scripts, and not sent along from other sites' forms.

    ``seconds`` None lets it end with the browser; 0 takes it away.
    """
    cookie: SimpleCookie = SimpleCookie()
    cookie[name] = value
    morsel = cookie[name]
    morsel["path"], morsel["httponly"], morsel["samesite"] = path, True, "Lax"
    if is_safe(settings):
        morsel["secure"] = True
    if seconds is not None:
        morsel["max-age"] = seconds
    return morsel.OutputString()
