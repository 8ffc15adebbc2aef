"""Starts the parts in order, keeps them running and stops them in reverse: the whole stack in one object."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from steadydesk.settings import Settings
from steadydesk.stack.addresses import Addresses, addresses_of, write_running
from steadydesk.stack.credentials import (
    Credentials,
    demo_pending,
    demo_port,
    refuse_public_address,
    refuse_wrong_sign_in,
)
from steadydesk.stack.log_watch import LogWatch
from steadydesk.stack.part import Announce, BackOff, Part, Startable
from steadydesk.stack.parts import (
    PROGRAMS,
    Commands,
    embedded_postgres,
    embedded_temporal,
    listening_ports,
    programs,
)
from steadydesk.stack.ports import refuse_taken
from steadydesk.stack.preparation import Contents, prepare, steadydesk_contents
from steadydesk.stack.state_folder import StateFolder


def _silent(_part: str, _text: str) -> None:
    """Announce nothing."""


@dataclass(frozen=True, slots=True)
class Variation:
    """What tests and benchmarks change about a stack; the defaults are what `steadydesk up` runs."""

    programs: Commands = field(default_factory=lambda: PROGRAMS)
    contents: Contents | None = None
    back_off: BackOff = field(default_factory=BackOff)
    postgres_settings: Mapping[str, str] = field(default_factory=dict)
    temporal_arguments: Sequence[str] = ()


class Stack:
    """All parts under one set of settings; `parts` by name, in the order of their start."""

    def __init__(
        self,
        settings: Settings,
        *,
        announce: Announce = _silent,
        verbose: bool = False,
        variation: Variation | None = None,
    ) -> None:
        self.settings = settings
        self.folder = StateFolder(settings.state_dir)
        self.parts: dict[str, Part] = {}
        self.credentials: Credentials | None = None
        self._addresses: Addresses | None = None
        self._announce = announce
        self._verbose = verbose
        self._variation = variation or Variation()
        self._log_watch: asyncio.Task[None] | None = None
        self._demo_port: int | None = None

    @property
    def addresses(self) -> Addresses:
        """Known from the moment the servers run."""
        if self._addresses is None:
            raise RuntimeError("the servers of this stack have not been started")
        return self._addresses

    async def start(self) -> None:
        """Start everything; on a failure what was started is stopped again and the error is raised."""
        refuse_public_address(self.settings)
        refuse_wrong_sign_in(self.settings)
        self.folder.own(demo=demo_pending(self.settings))
        if self.folder.is_open:
            self._announce("folder", f"{self.folder.path} is open to other users; close it: chmod 700")
        try:
            self._demo_port = demo_port(self.settings)
            refuse_taken(listening_ports(self.settings, self._demo_port))
            await self._start_servers()
            contents = self._variation.contents or steadydesk_contents()
            self.credentials = await prepare(self.settings, self.addresses, contents)
            await self._start_programs()
        except BaseException:
            await self.stop()
            raise
        self._follow_logs()
        self._write_running()

    async def stop(self) -> None:
        """Stop all parts in reverse order and give the state folder free; harmless when nothing runs."""
        if self._log_watch:
            self._log_watch.cancel()
            await asyncio.wait([self._log_watch])
            self._log_watch = None
        for part in reversed(self.parts.values()):
            await part.stop()
        self.parts.clear()
        self.folder.release()

    def kill(self) -> None:
        """SIGKILL to every part, for a person who does not want to wait for `stop` any longer."""
        for part in self.parts.values():
            part.kill()

    async def _start_servers(self) -> None:
        """PostgreSQL and Temporal side by side, each only where no existing one is used."""
        postgres = None
        servers: list[Startable] = []
        if self.settings.embedded_database:
            postgres = embedded_postgres(self.folder, self._variation.postgres_settings)
            servers.append(postgres)
        if self.settings.embedded_temporal:
            servers.append(embedded_temporal(self.folder, self.settings, self._variation.temporal_arguments))
        await self._start_together(servers)
        self._addresses = addresses_of(self.settings, postgres, self._demo_port)

    async def _start_programs(self) -> None:
        await self._start_together(
            programs(self._variation.programs, self.folder, self.settings, self.addresses, self._demo_port)
        )

    async def _start_together(self, servers: Sequence[Startable]) -> None:
        started = [Part(server, self._say, self._variation.back_off) for server in servers]
        self.parts |= {part.name: part for part in started}
        try:
            async with asyncio.TaskGroup() as group:
                for part in started:
                    group.create_task(part.start())
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def _say(self, part: str, text: str) -> None:
        self._announce(part, text)
        if self._log_watch:
            self._write_running()

    def _write_running(self) -> None:
        pids = {name: part.pid for name, part in self.parts.items()}
        write_running(self.folder.running, pids, self.addresses)

    def _follow_logs(self) -> None:
        logs = {name: part.server.log_file for name, part in self.parts.items()}
        watch = LogWatch(logs, self._announce, verbose=self._verbose)
        self._log_watch = asyncio.create_task(watch.follow(), name="follow logs")


@contextlib.asynccontextmanager
async def running_stack(
    settings: Settings,
    *,
    announce: Announce = _silent,
    verbose: bool = False,
    variation: Variation | None = None,
) -> AsyncIterator[Stack]:
    """A started stack, stopped at the end of the block."""
    stack = Stack(settings, announce=announce, verbose=verbose, variation=variation)
    await stack.start()
    try:
        yield stack
    finally:
        await stack.stop()
