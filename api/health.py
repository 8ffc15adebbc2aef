"""Whether the parts that a request needs answer."""

import asyncio

from api.services import Services
from steadydesk.records.health import database_answers

_WITHIN = 2.0


async def parts(services: Services) -> dict[str, str]:
    """``ok`` or ``unreachable`` for the database and Temporal."""
    database, temporal = await asyncio.gather(_database(services), _temporal(services))
    return {"database": database, "temporal": temporal}


async def _database(services: Services) -> str:
    try:
        async with asyncio.timeout(_WITHIN):
            await database_answers(services.engine)
    except Exception:  # noqa: BLE001 - whatever is wrong, it does not answer
        return "unreachable"
    return "ok"


async def _temporal(services: Services) -> str:
    try:
        async with asyncio.timeout(_WITHIN):
            return "ok" if await services.temporal.service_client.check_health() else "unreachable"
    except Exception:  # noqa: BLE001 - whatever is wrong, it does not answer
        return "unreachable"
