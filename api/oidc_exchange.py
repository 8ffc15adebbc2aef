"""One exchange with the issuer's own addresses: capped in time and size, without proxies and redirects."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2

from steadydesk.setting_values import is_loopback

TOTAL_SECONDS = 5.0
"""For everything from the connection to the last byte, however slowly they come."""

_LARGEST_ANSWER = 262_144


class NoAnswerError(Exception):
    """Nothing readable came, not in time, or more than is read."""


async def exchanged(method: str, address: str, **request: Any) -> tuple[int, Any]:
    """Status and JSON (None for anything else) of the answer; NoAnswerError where there is none. ``request`` as the
    client takes it.
    """
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            return await _exchanged(method, address, request)
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ValueError, TimeoutError) as error:
        raise NoAnswerError(type(error).__name__) from None


async def _exchanged(method: str, address: str, request: Mapping[str, Any]) -> tuple[int, Any]:
    content = bytearray()
    async with (
        httpx2.AsyncClient(timeout=TOTAL_SECONDS, follow_redirects=False, trust_env=False) as client,
        client.stream(method, address, **request) as response,
    ):
        async for part in response.aiter_bytes():
            content += part
            if len(content) > _LARGEST_ANSWER:
                raise ValueError("the answer is too large")
    return response.status_code, _json_in(bytes(content))


def _json_in(content: bytes) -> Any:
    """None for what is no JSON, such as the page of a proxy."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def is_safe(address: str, issuer: str) -> bool:
    """Whether what the issuer publishes may be reached: by https, or on this machine where the issuer is as well."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    plain = parts.scheme == "http" and issuer.startswith("http:") and is_loopback(parts.hostname or "")
    return bool(parts.hostname) and (parts.scheme == "https" or plain)
