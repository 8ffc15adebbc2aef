"""No body larger than its path may have: refused before it is read, or as soon as it has grown too large."""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem_response
from steadydesk.errors import TooLarge


class BodyLimit:
    """ASGI middleware; ``limit_of`` gives the most bytes for a path."""

    def __init__(self, app: ASGIApp, limit_of: Callable[[str], int]) -> None:
        self._app = app
        self._limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            refusal = TooLarge(
                f"The body has {declared} bytes; {limit} are accepted.", details={"limit": limit}
            )
            await problem_response(refusal)(scope, receive, send)
            return
        await self._app(scope, _counted(receive, limit), send)


def _counted(receive: Receive, limit: int) -> Receive:
    received = 0

    async def counting() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            # FastAPI passes only this kind on while it reads a body.
            raise HTTPException(TooLarge.status)
        return message

    return counting
