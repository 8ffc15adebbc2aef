"""The application: routes, problems, limits; thin, for the processes do the work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Response

from api import metrics
from api.body_limit import BodyLimit
from api.clean_input import refuse_unstorable
from api.cookieless import Cookieless
from api.flood import FloodGate
from api.health import parts
from api.known_parameters import refuse_unknown_parameters
from api.media_type import refuse_other_media_types
from api.metrics import PREFIX, Counted, RequestMetrics
from api.openapi import describe, operation_id
from api.portal.install import add_portal
from api.problems import install_problems
from api.routes import PAGES, ROUTERS
from api.security import check_routes, public
from api.services import Services

_FORM_AROUND = 65_536
OF_API = [Depends(refuse_unknown_parameters), Depends(refuse_other_media_types)]
"""What every route of the API refuses before it looks at anything else; pages get what browsers send."""


def create_app(services: Services) -> FastAPI:
    """The application over ready services; RuntimeError when a route declares no permission."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await _close(services)

    app = FastAPI(
        title="Steadydesk",
        version="1",
        description="IT service management: requests, approvals and tasks as durable processes.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
        dependencies=[Depends(refuse_unstorable)],
    )
    app.state.services = services
    app.state.metrics = RequestMetrics()
    install_problems(app)
    app.add_middleware(BodyLimit, limit_of=lambda path: _limit_of(path, services))
    app.add_middleware(FloodGate)
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX, dependencies=OF_API)
    add_portal(app)
    app.add_middleware(Counted, metrics=app.state.metrics)
    for router in PAGES:
        app.include_router(router)
    _add_health(app)
    app.add_middleware(Cookieless, settings=services.settings)
    check_routes(app, frozenset({metrics.PATH}))
    describe(app)
    return app


async def _close(services: Services) -> None:
    await services.answered.close()
    await services.dashboards.close()
    await services.running.close()
    await services.patient.dispose()
    await services.waker.close()
    await services.bell.close()
    await services.hints.close()
    await services.engine.dispose()


def _limit_of(path: str, services: Services) -> int:
    """Files may be larger than JSON; a little more for the form around them."""
    settings = services.settings
    is_file = path.endswith("/attachments") or path == "/basket"
    return settings.attachment_limit_bytes + _FORM_AROUND if is_file else settings.body_limit_bytes


def _add_health(app: FastAPI) -> None:
    @app.get("/livez", tags=["health"], dependencies=[Depends(public)])
    async def livez() -> dict[str, str]:
        """The process runs."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["health"], dependencies=[Depends(public)])
    async def readyz(response: Response) -> dict[str, str]:
        """Database and Temporal answer."""
        found = await parts(app.state.services)
        if any(state != "ok" for state in found.values()):
            response.status_code = 503
        return found
