"""A client of the public API: each command under a key of its own, repeated until the answer is final."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx2

_PAUSE = 0.4
_ANSWER_SECONDS = 10.0
_FINAL_SECONDS = 120.0
"""Within which a command that is repeated all the time gets its final answer, whatever is killed."""
_BROKEN_ANSWERS = 5
"""Answers 500 after which nothing better is expected."""
NOT_FINAL = frozenset({202, 429, 503})


@dataclass(frozen=True)
class Reply:
    status: int
    body: dict[str, Any]


class Client:
    """Speaks for every user; counts what should never be answered."""

    def __init__(self, api: str, tokens: dict[str, str]) -> None:
        # A connection that a kill has broken is not found out before it is used again: each call has its own.
        alone = httpx2.Limits(max_keepalive_connections=0)
        self._http = httpx2.AsyncClient(base_url=api, timeout=_ANSWER_SECONDS, limits=alone)
        self._tokens = tokens
        self.faults: list[str] = []
        self.calls = 0
        self.late = 0
        self.away = 0
        """Answers 503 and lost connections: what clients saw of the kills."""

    async def close(self) -> None:
        await self._http.aclose()

    async def read(self, user: str, path: str) -> Reply:
        """A final answer to a GET."""
        return await self._until_final("GET", user, path, None, None, patient=True)

    async def command(
        self,
        user: str,
        path: str,
        body: dict[str, Any],
        key: str,
        *,
        patient: bool = True,
        twice: bool = False,
    ) -> Reply:
        """A final answer to a POST, or the 202 that an impatient client is content with."""
        first = self._until_final("POST", user, path, body, key, patient=patient)
        if not twice:
            return await first
        one, other = await asyncio.gather(
            first, self._until_final("POST", user, path, body, key, patient=patient)
        )
        if 202 not in (one.status, other.status) and one.status != other.status:
            self.faults.append(f"POST {path}: one key, answers {one.status} and {other.status}")
        return one if one.status != 202 else other

    async def hang_up(self, user: str, path: str, body: dict[str, Any], key: str) -> None:
        """Send once and do not wait for the answer."""
        try:
            async with asyncio.timeout(0.03):
                await self._send("POST", user, path, body, key)
        except (httpx2.TransportError, TimeoutError):
            return

    async def _until_final(
        self,
        method: str,
        user: str,
        path: str,
        body: dict[str, Any] | None,
        key: str | None,
        *,
        patient: bool,
    ) -> Reply:
        deadline = asyncio.get_running_loop().time() + _FINAL_SECONDS
        reply = Reply(0, {})
        broken = 0
        while asyncio.get_running_loop().time() < deadline and broken < _BROKEN_ANSWERS:
            try:
                reply = await self._send(method, user, path, body, key)
            except httpx2.TransportError:
                self.away += 1
            else:
                if reply.status == 202 and not patient:
                    return reply
                if reply.status not in NOT_FINAL and reply.status < 500:
                    return reply
                broken += reply.status >= 500 and reply.status != 503
            await asyncio.sleep(_PAUSE)
        self.faults.append(f"{method} {path}: no final answer, last {reply.status}")
        return reply

    async def _send(
        self, method: str, user: str, path: str, body: dict[str, Any] | None, key: str | None
    ) -> Reply:
        headers = {"Authorization": f"Bearer {self._tokens[user]}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        self.calls += 1
        response = await self._http.request(method, path, json=body, headers=headers)
        self.late += response.status_code == 202
        self.away += response.status_code == 503
        if response.status_code >= 500 and response.status_code != 503:
            self.faults.append(f"{method} {path}: answered {response.status_code} {response.text[:200]}")
        return Reply(response.status_code, response.json())
