"""The addresses of files know nobody: no cookie and no token reaches what answers them; and their host name, where
they have one of their own, answers nothing else.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import problem_response
from steadydesk.errors import UnknownAddress
from steadydesk.settings import Settings

FILES = "/files/"
_CREDENTIALS = frozenset({b"cookie", b"authorization"})


class Cookieless:
    """ASGI middleware around everything else, so that nothing else has read what it takes away."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._files_only = _own_host(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"].startswith(FILES):
            kept = [(name, value) for name, value in scope["headers"] if name.lower() not in _CREDENTIALS]
            await self._app({**scope, "headers": kept}, receive, send)
        elif self._files_only is not None and self._files_only == _host_of(scope):
            # Somebody who signed in here would have a cookie here.
            await problem_response(UnknownAddress("Only files are here."))(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _own_host(settings: Settings) -> str | None:
    """The host name that files have for themselves, if any; cookies make no difference between ports."""
    if settings.files_url is None:
        return None
    host = urlsplit(settings.files_url).hostname
    return host if host != urlsplit(settings.public_url).hostname else None


def _host_of(scope: Scope) -> str | None:
    try:
        return urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname
    except ValueError:
        return None
