"""Seal the heads of the audit chains, and bring each anchor to the sinks outside of the database."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from steadydesk.connectors.anchor_sinks import FILE_SINK, SYSLOG, sink_guard
from steadydesk.connectors.errors import ConnectorFault, OutcomeUnknown, Refused, Unavailable
from steadydesk.connectors.registry import Surroundings
from steadydesk.connectors.syslog import send_line
from steadydesk.contracts.routine import Routine, RoutineDone, RoutineDue
from steadydesk.egress.exchange import HttpRequest
from steadydesk.policies.anchor import Anchor
from steadydesk.records import anchors
from steadydesk.records.anchor_files import line_of, write_anchor
from steadydesk.records.anchor_keys import load_anchor_keys
from steadydesk.records.keys import KeyFileError
from steadydesk.settings import Settings

_SEND_SECONDS = 20


def anchor_routine(settings: Settings) -> Routine:
    return Routine(
        name="anchors",
        activities=["seal_anchor", "publish_anchor"],
        every_seconds=settings.anchor_minutes * 60,
        limit_seconds=300,
    )


class AnchorActivities:
    """Regular activities: a key that is missing or a sink that is away stays pending, for operators to see."""

    def __init__(
        self,
        engine: AsyncEngine,
        key_file: Path,
        folder: Path,
        sinks: Sequence[str],
        surroundings: Surroundings,
    ) -> None:
        self._engine = engine
        self._key_file = key_file
        self._folder = folder
        # A file first: it does not wait while servers that are away or refused are tried.
        self._sinks = sorted(sinks, key=lambda sink: sink != FILE_SINK)
        self._taken: dict[str, datetime] = {}
        """The anchor that each sink has taken, while others are waited for."""
        self._guard = surroundings.guard
        self._exchange = surroundings.exchange()

    @classmethod
    def of(cls, settings: Settings, engine: AsyncEngine, surroundings: Surroundings) -> "AnchorActivities":
        sinks = settings.anchor_sinks
        named = replace(surroundings, guard=sink_guard(sinks, settings.egress_allow))
        return cls(engine, settings.anchor_key_file, settings.anchor_dir, sinks, named)

    def activities(self) -> list[Callable[..., object]]:
        return [self.seal_anchor, self.publish_anchor]

    @activity.defn
    async def seal_anchor(self, due: RoutineDue) -> RoutineDone:
        """Sign the heads of every chain that may have grown, once for each ``at``."""
        private = (await asyncio.to_thread(load_anchor_keys, self._key_file)).private
        if private is None:
            raise KeyFileError(f"{self._key_file} has no private key; this worker cannot sign")
        async with self._engine.begin() as connection:
            sealed = await anchors.seal(connection, private, due.at)
        statement = sealed.statement
        return RoutineDone(words=f"anchor {statement.serial} over {statement.records} records")

    @activity.defn
    async def publish_anchor(self, due: RoutineDue) -> RoutineDone:
        """Bring the anchor of ``at`` to every sink, whatever becomes of the others; a repeat sends the same."""
        async with self._engine.connect() as connection:
            sealed = await anchors.anchor_at(connection, due.at)
        if sealed is None:
            raise LookupError(f"no anchor was sealed for {due.at.isoformat()}")
        faults = [
            fault for sink in self._sinks if (fault := await self._try(sink, sealed, due.at)) is not None
        ]
        if faults:
            # What failed is tried again with all of its round; the others have this anchor.
            for other in faults[1:]:
                activity.logger.warning("%s", other)
            raise faults[0]
        self._taken.clear()
        return RoutineDone(words=f"published to {len(self._sinks)} sinks")

    async def _try(self, sink: str, sealed: Anchor, at: datetime) -> ConnectorFault | OSError | None:
        """Why the sink has not taken it; one that has is not sent it again while another is waited for."""
        if self._taken.get(sink) == at:
            return None
        try:
            await self._publish(sink, sealed, at)
        except (ConnectorFault, OSError) as fault:
            return fault
        self._taken[sink] = at
        return None

    async def _publish(self, sink: str, sealed: Anchor, at: datetime) -> None:
        if sink == FILE_SINK:
            await asyncio.to_thread(write_anchor, self._folder, sealed)
        elif sink.startswith(SYSLOG):
            await send_line(self._guard, sink, line_of(sealed), at)
        else:
            await self._post(sink, sealed)

    async def _post(self, url: str, sealed: Anchor) -> None:
        """The receiver may get it twice, with the same ``Idempotency-Key``."""
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": f"anchor-{sealed.statement.serial}-{sealed.signature[:16]}",
        }
        request = HttpRequest("POST", url, headers, line_of(sealed).encode())
        try:
            answer = await self._exchange.send(request, timedelta(seconds=_SEND_SECONDS))
        except OutcomeUnknown as lost:
            raise Unavailable(lost.message) from None
        if not 200 <= answer.status < 300:
            raise Refused(f"the receiver of anchors answered {answer.status}", status=answer.status)
