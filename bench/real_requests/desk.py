"""The public HTTP API as people use it: everybody with their own token, every command with its own key."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any, Self

import httpx2

_UNDER_WAY = 202
_ANSWER_WITHIN = 60.0
"""Seconds after which a command that is still under way counts as lost."""


class DeskError(Exception):
    """The API refused; says what was asked for and the problem's own words."""


class Desk:
    """Calls of one API by user name; to be used as an asynchronous context."""

    def __init__(self, api: str, tokens: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._http = httpx2.AsyncClient(base_url=f"{api}/", timeout=30)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._http.aclose()

    async def read(self, who: str, path: str, **query: Any) -> dict[str, Any]:
        answer = await self._http.get(path, params=query, headers=self._headers(who))
        return _content(answer, f"GET {path} by {who}")

    async def command(self, who: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Post, and while the API says that it is under way ask again under the same key."""
        headers = self._headers(who) | {"Idempotency-Key": uuid.uuid4().hex}
        async with asyncio.timeout(_ANSWER_WITHIN):
            answer = await self._http.post(path, json=body, headers=headers)
            while answer.status_code == _UNDER_WAY:
                await asyncio.sleep(0.5)
                answer = await self._http.post(path, json=body, headers=headers)
        return _content(answer, f"POST {path} by {who}")

    def _headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[who]}"}


def _content(answer: httpx2.Response, what: str) -> dict[str, Any]:
    content: dict[str, Any] = answer.json()
    if answer.is_success:
        return content
    raise DeskError(f"{what}: {answer.status_code} {content.get('title')}: {content.get('detail')}")
