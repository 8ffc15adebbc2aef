"""HTTP connections to checked addresses only: the name is resolved once, by the guard, and the connection
goes to the number that was checked, while SNI, certificate check and Host keep the name.
"""

import logging
import ssl

import httpx2

from steadydesk.egress.guard import Destination, EgressGuard

USER_AGENT = "Steadydesk"

# These libraries log every URL, and form values travel in paths and queries.
for _library in ("httpx2", "httpcore2"):
    logging.getLogger(_library).setLevel(logging.WARNING)


class PinnedTransport(httpx2.AsyncBaseTransport):
    """No proxies, no connection reuse: with pinned numbers, two names of one address would share a
    connection whose certificate was checked for one of them only.
    """

    def __init__(self, guard: EgressGuard, tls: ssl.SSLContext) -> None:
        self._guard = guard
        self._inner = httpx2.AsyncHTTPTransport(
            verify=tls, trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0)
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        destination = await self._guard.check_url(str(request.url))
        for number in destination.addresses[:-1]:
            try:
                return await self._inner.handle_async_request(_pinned(request, destination, number))
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue  # nothing was sent yet, so the next checked address may be tried
        return await self._inner.handle_async_request(
            _pinned(request, destination, destination.addresses[-1])
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


def guarded_client(guard: EgressGuard, tls: ssl.SSLContext, connect_seconds: float) -> httpx2.AsyncClient:
    """Client for one exchange: no redirects, nothing from the environment. Its caller bounds the
    whole time; `connect_seconds` is for one address, TCP and TLS.
    """
    return httpx2.AsyncClient(
        transport=PinnedTransport(guard, tls),
        trust_env=False,
        follow_redirects=False,
        timeout=httpx2.Timeout(None, connect=connect_seconds),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
    )


def _pinned(request: httpx2.Request, destination: Destination, number: str) -> httpx2.Request:
    return httpx2.Request(
        method=request.method,
        url=request.url.copy_with(host=number),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": destination.host},
    )
