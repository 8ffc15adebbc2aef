"""What every request may use, made once when the process starts."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from temporalio.client import Client

from api.answered import Answered
from api.hints import Hints
from api.kept import Kept
from api.kept_figures import kept_dashboards, kept_running
from steadydesk.orchestration.deliveries import Waker
from steadydesk.orchestration.requests import Sender
from steadydesk.policies.assertion import Keyring
from steadydesk.records.bell import Bell
from steadydesk.records.engine import Connection, Engine, make_engine
from steadydesk.records.views.dashboard import Dashboard
from steadydesk.records.views.dashboard_reads import Extent
from steadydesk.records.views.operations import RunningCount
from steadydesk.records.views.visibility import Sight
from steadydesk.settings import Settings


@dataclass(frozen=True)
class Services:
    engine: Engine
    settings: Settings
    keyring: Keyring
    temporal: Client
    clock: Callable[[], datetime]

    @cached_property
    def sender(self) -> Sender:
        return Sender(self.temporal, self.keyring)

    @cached_property
    def waker(self) -> Waker:
        return Waker(self.temporal)

    @asynccontextmanager
    async def posting(self) -> AsyncIterator[Connection]:
        """A transaction whose messages go out as soon as it is committed."""
        async with self.engine.begin() as connection:
            yield connection
        self.waker.wake()

    @cached_property
    def answered(self) -> Answered:
        return Answered(self.engine)

    @cached_property
    def patient(self) -> Engine:
        """Connections of their own for what may take longer than a page: few, and pages keep theirs meanwhile."""
        assert self.settings.database_url is not None
        return make_engine(
            self.settings.database_url, pool_size=4, command_seconds=15, name="steadydesk-api-figures"
        )

    @cached_property
    def dashboards(self) -> Kept[Extent, Dashboard]:
        return kept_dashboards(self.patient, self.clock)

    @cached_property
    def running(self) -> Kept[Sight, list[RunningCount]]:
        return kept_running(self.patient, self.clock)

    @cached_property
    def bell(self) -> Bell:
        return Bell(self.engine)

    @cached_property
    def hints(self) -> Hints:
        return Hints(self.engine)
