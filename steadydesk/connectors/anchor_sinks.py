"""The addresses that signed heads go to: named by a setting, and so let through there by a guard of their own."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from steadydesk.connectors.errors import Blocked, Unavailable
from steadydesk.connectors.syslog import syslog_endpoint
from steadydesk.egress.guard import EgressGuard, Resolver, endpoint_of, system_resolver

FILE_SINK = "file"
SYSLOG = "syslog"

_RESOLVE_SECONDS = 5


def sink_guard(
    sinks: Iterable[str], allow: Iterable[str], resolver: Resolver = system_resolver
) -> EgressGuard:
    """Lets through the hosts and ports of the sinks, also private and unencrypted ones, and what ``allow`` lists."""
    named = [endpoint for sink in sinks if (endpoint := _endpoint(sink)) is not None]
    return EgressGuard(allow, resolver, named=named)


async def refused_sinks(sinks: Iterable[str], guard: EgressGuard) -> AsyncIterator[tuple[str, str]]:
    """Each sink that the guard refuses, with the reason. One that is away is none of them."""
    for sink in sinks:
        endpoint = _endpoint(sink)
        if endpoint is None:
            continue
        try:
            async with asyncio.timeout(_RESOLVE_SECONDS):
                await guard.check_endpoint(*endpoint, encrypted=sink.startswith("https"))
        except Blocked as blocked:
            yield sink, blocked.message
        except (Unavailable, TimeoutError):
            continue


def _endpoint(sink: str) -> tuple[str, int] | None:
    """None for what stays on this machine."""
    if sink == FILE_SINK:
        return None
    return syslog_endpoint(sink) if sink.startswith(SYSLOG) else endpoint_of(sink)
