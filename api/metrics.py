"""``/metrics`` for Prometheus: requests of this process, and figures that the database has at the moment.

Names of routes, states and kinds only: no number, no person, no words. A scraper on the same machine needs no
token; from anywhere else it takes that of an operator. Behind a proxy the address is that of the proxy's client.
"""

import ipaddress
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import refusals
from api.security import BEARER, address_of, public, requires
from api.state import ServicesOf
from steadydesk.errors import NotAllowed, NotSignedIn
from steadydesk.policies.rights import Permission
from steadydesk.records.figures import Figures, figures

PATH = "/metrics"
PREFIX = "/api/v1"
_UNKNOWN = "unknown"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "via")

router = APIRouter(tags=["health"])


class RequestMetrics:
    """What this process answered, by the pattern of the route; paths themselves may hold what somebody typed."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._patterns: dict[str, str] = {}
        self._requests = Counter(
            "steadydesk_http_requests", "Answers.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "steadydesk_http_request_seconds",
            "Seconds until an answer began.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        route = self._pattern(scope)
        method = scope["method"] if route != _UNKNOWN else _UNKNOWN
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def _pattern(self, scope: Scope) -> str:
        """The whole pattern; the route itself knows only the part behind its router's prefix."""
        own: str | None = getattr(scope.get("route"), "path", None)
        if own is None:
            return _UNKNOWN
        # The portal has pages at paths that the API has behind its prefix.
        wanted = PREFIX + own if scope["path"].startswith(PREFIX) and not own.startswith(PREFIX) else own
        if wanted not in self._patterns:
            known = {route.path for route in iter_route_contexts(scope["app"].routes)}
            self._patterns[wanted] = wanted if wanted in known else own
        return self._patterns[wanted]


class Counted:
    """ASGI middleware that counts every answer once, when it begins."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.count(scope, message["status"], time.perf_counter() - begun)
            await send(message)

        await self._app(scope, receive, counting)


async def near_or_operator(
    request: Request, bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
) -> None:
    """Nobody else: what is refused how often tells strangers too much."""
    if bearer is None and _is_near(request):
        await public(request)
        return
    await requires(Permission.OPERATE)(request, bearer)


def _is_near(request: Request) -> bool:
    """From this machine, and not handed on by a proxy that runs on it."""
    try:
        address = ipaddress.ip_address(address_of(request))
    except ValueError:
        return False
    return address.is_loopback and not any(name in request.headers for name in _FORWARDED)


@router.get(
    PATH,
    dependencies=[Depends(near_or_operator)],
    response_class=Response,
    responses=refusals(NotSignedIn, NotAllowed),
)
async def metrics(request: Request, services: ServicesOf) -> Response:
    """Counters and gauges in the text format of Prometheus."""
    async with services.engine.connect() as connection:
        found = await figures(connection)
    own: RequestMetrics = request.app.state.metrics
    content = generate_latest(own.registry) + generate_latest(_of_database(found))
    return Response(content, media_type=CONTENT_TYPE_LATEST)


def _of_database(found: Figures) -> CollectorRegistry:
    """The same in every process of the API; a counter that only grows is a counter nevertheless."""
    registry = CollectorRegistry()
    for name, value, says in (
        ("steadydesk_outbox_waiting", found.outbox_waiting, "Messages that no delivery was made of yet."),
        (
            "steadydesk_dead_letters",
            found.dead_letters,
            "Deliveries that failed for good, or are unconfirmed.",
        ),
        ("steadydesk_breakers_open", found.breakers_open, "Targets that are left alone after failures."),
        ("steadydesk_stuck_processes", found.stuck_processes, "Processes that make no progress."),
        ("steadydesk_orders_received", found.orders_received, "Orders whose process has not opened yet."),
    ):
        Gauge(name, says, registry=registry).set(value)
    forged = sum(count for kind, count in found.security_events.items() if kind.startswith("forged"))
    Counter("steadydesk_forged_commands", "Commands without proof.", registry=registry).inc(forged)
    events = Counter("steadydesk_security_events", "Security events.", ("kind",), registry=registry)
    for kind, count in found.security_events.items():
        events.labels(kind).inc(count)
    return registry
