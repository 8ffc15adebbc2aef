"""Security events that workflows meet: what came without proof of who asks."""

import hashlib

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from steadydesk.contracts.audit_views import SecurityEventKind
from steadydesk.contracts.request_commands import Tick
from steadydesk.records.security import note_security_event


class SecurityActivities:
    """Regular activities, so that operators see on the timeline that somebody tried."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @activity.defn
    async def note_cancellation_without_proof(self, tick: Tick) -> None:
        """Count a cancellation that the Temporal UI, CLI or gRPC sent; a repeat of the step writes the same row."""
        digest = hashlib.sha256(f"{tick.number} {tick.run} {tick.step}".encode()).hexdigest()
        async with self.engine.begin() as connection:
            await note_security_event(
                connection,
                SecurityEventKind.FORGED_CANCEL,
                tick.number,
                tick.at,
                identity=f"sec_{digest[:32]}",
            )
