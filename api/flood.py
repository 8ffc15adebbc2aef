"""Who has used up their quota is answered before anything else is done, and slowly: a flood costs others little."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import problem_response
from api.security import identity_of
from steadydesk.errors import QuotaExceeded

_SCHEME = "bearer "
_SLOWED_SECONDS = 0.2
"""A client that does not wait by itself waits here; a waiting request costs no time of anybody else."""


class FloodGate:
    """ASGI middleware over the quotas of tokens that were seen before; all others go on to be checked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            stated = Headers(scope=scope).get("authorization", "")
            try:
                if stated.lower().startswith(_SCHEME):
                    identity_of(scope["app"]).refuse_flood(stated[len(_SCHEME) :].strip())
            except QuotaExceeded as refusal:
                await asyncio.sleep(_SLOWED_SECONDS)
                await problem_response(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)
