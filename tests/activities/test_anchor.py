"""Anchors reach every sink, and a repeat of an activity makes no second one."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment
from werkzeug import Request, Response

from activities.anchor import AnchorActivities
from steadydesk.connectors.anchor_sinks import refused_sinks, sink_guard
from steadydesk.connectors.errors import BadConfiguration, Blocked, Refused, Unavailable
from steadydesk.connectors.registry import Surroundings
from steadydesk.contracts.routine import RoutineDone, RoutineDue
from steadydesk.egress.guard import Resolver, system_resolver
from steadydesk.policies.anchor import is_signed
from steadydesk.records.anchor_files import read_anchors
from steadydesk.records.anchor_keys import AnchorKeys, load_anchor_keys
from steadydesk.records.audit import ChainHead, Doing, append
from steadydesk.records.engine import make_engine
from steadydesk.records.keys import KeyFileError
from steadydesk.records.tables.journal import anchor
from steadydesk.stack.anchor_key import ensure_anchor_key
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.connectors.remote import Names
from tests.support.databases import migrated_database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
async def engine(postgres: EmbeddedPostgres) -> AsyncIterator[AsyncEngine]:
    """As the service's role: all that sealing needs is to read and to insert."""
    opened = make_engine(await migrated_database(postgres, "anchors"), command_seconds=10)
    async with opened.begin() as connection:
        doing = Doing("REQ0000001", "p_aaaaaaaaaaaa", None, "token", NOW)
        await append(connection, ChainHead(), doing, [("request.opened", None, {})])
    yield opened
    await opened.dispose()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    ensure_anchor_key(tmp_path / "anchor-key.json")
    return tmp_path / "anchor-key.json"


class Desk:
    """The activities with the given sinks, each call at a later instant than all before."""

    hour = 0

    def __init__(
        self,
        engine: AsyncEngine,
        key_file: Path,
        *sinks: str,
        allow: tuple[str, ...] = (),
        names: Resolver = system_resolver,
    ) -> None:
        surroundings = Surroundings(sink_guard(sinks, allow, names))
        self.folder = key_file.parent / "anchors"
        self.activities = AnchorActivities(engine, key_file, self.folder, sinks, surroundings)
        Desk.hour += 1
        self.due = RoutineDue(name="anchors", at=NOW + timedelta(hours=Desk.hour))

    async def seal(self) -> RoutineDone:
        return await ActivityEnvironment().run(self.activities.seal_anchor, self.due)

    async def publish(self) -> RoutineDone:
        return await ActivityEnvironment().run(self.activities.publish_anchor, self.due)


async def counted(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return await connection.scalar(select(func.count()).select_from(anchor)) or 0


async def test_sealing_and_publishing_twice_makes_one_file(engine: AsyncEngine, key_file: Path) -> None:
    desk = Desk(engine, key_file, "file")
    before = await counted(engine)
    assert await desk.seal() == await desk.seal()
    assert await counted(engine) == before + 1
    await desk.publish()
    await desk.publish()
    (written,) = read_anchors(desk.folder)
    assert is_signed(written, load_anchor_keys(key_file).public)
    assert [head.number for head in written.heads or []] == ["REQ0000001"]


async def test_a_file_that_was_changed_is_written_again(engine: AsyncEngine, key_file: Path) -> None:
    desk = Desk(engine, key_file, "file")
    await desk.seal()
    await desk.publish()
    (path,) = desk.folder.iterdir()
    path.chmod(0o600)
    path.write_text("{}")
    await desk.publish()
    assert is_signed(read_anchors(desk.folder)[0], load_anchor_keys(key_file).public)


async def test_nothing_is_published_that_was_not_sealed(engine: AsyncEngine, key_file: Path) -> None:
    desk = Desk(engine, key_file, "file")
    desk.due = RoutineDue(name="anchors", at=NOW - timedelta(days=1))
    with pytest.raises(LookupError):
        await desk.publish()


def statement_of(line: bytes) -> dict[str, Any]:
    return json.loads(line[line.index(b"{") :])["statement"]


async def test_a_line_reaches_a_log_server_over_udp(engine: AsyncEngine, key_file: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0)
        desk = Desk(engine, key_file, f"syslog://127.0.0.1:{server.getsockname()[1]}")
        await desk.seal()
        await desk.publish()
        async with asyncio.timeout(5):
            line = await asyncio.get_running_loop().sock_recv(server, 65_536)
    assert line.startswith(b"<109>1 2026-11-23T")
    assert b" steadydesk " in line
    assert statement_of(line)["at"].startswith("2026-11-23T")
    assert b"REQ0000001" not in line


@asynccontextmanager
async def log_server() -> AsyncIterator[tuple[int, asyncio.Queue[bytes]]]:
    """Port and lines of a log server over TCP."""
    received: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await received.put(await reader.read())
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], received


async def test_a_line_reaches_a_log_server_over_tcp(engine: AsyncEngine, key_file: Path) -> None:
    async with log_server() as (port, received):
        desk = Desk(engine, key_file, f"syslog+tcp://127.0.0.1:{port}")
        await desk.seal()
        await desk.publish()
        async with asyncio.timeout(5):
            frame = await received.get()
    length, _, message = frame.partition(b" ")
    assert int(length) == len(message)
    assert statement_of(message)["records"] == 1


async def test_a_line_reaches_the_local_log(engine: AsyncEngine, key_file: Path) -> None:
    path = key_file.parent / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(path))
        server.settimeout(0)
        desk = Desk(engine, key_file, f"syslog+unix://{path}")
        await desk.seal()
        await desk.publish()
        async with asyncio.timeout(5):
            line = await asyncio.get_running_loop().sock_recv(server, 65_536)
    assert statement_of(line)["records"] == 1


async def test_a_log_server_that_is_away_is_told(engine: AsyncEngine, key_file: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    desk = Desk(engine, key_file, f"syslog+tcp://127.0.0.1:{port}")
    await desk.seal()
    with pytest.raises(Unavailable):
        await desk.publish()


@pytest.mark.parametrize("scheme", ["syslog", "syslog+tcp"])
@pytest.mark.parametrize(
    ("host", "address", "use"),
    [
        ("loghost.corp", "169.254.169.254", "link-local"),
        ("loghost.corp", "168.63.129.16", "metadata"),
        ("loghost.corp", "0.0.0.0", "unspecified"),
        ("169.254.1.1", "169.254.1.1", "link-local"),
        ("239.0.0.1", "239.0.0.1", "multicast"),
    ],
)
async def test_a_refused_log_server_is_told_and_nobody_else_waits_for_it(
    engine: AsyncEngine, key_file: Path, scheme: str, host: str, address: str, use: str
) -> None:
    sink, names = f"{scheme}://{host}:6514", Names({host: [[address]]})
    desk = Desk(engine, key_file, sink, "file", names=names)
    await desk.seal()
    reason = f"{host}:6514 leads to a {use} address that is not on the allow-list"
    with pytest.raises(Blocked) as refused:
        await desk.publish()
    assert refused.value.message == f"{sink}: {reason}"
    assert len(read_anchors(desk.folder)) == 1, "the file has the anchor all the same"
    told = refused_sinks(["file", sink], sink_guard(["file", sink], (), names))
    assert [one async for one in told] == [(sink, reason)]


async def test_an_anchor_waits_for_a_refused_log_server_and_goes_there_once_it_is_allowed(
    engine: AsyncEngine, key_file: Path
) -> None:
    async with log_server() as (port, received):
        # The name first leads to the machine's own services, then to where it belongs.
        names = Names({"loghost.corp": [["169.254.169.254"], ["127.0.0.1"], ["127.0.0.2"]]})
        desk = Desk(engine, key_file, f"syslog+tcp://loghost.corp:{port}", names=names)
        before = await counted(engine)
        await desk.seal()
        with pytest.raises(Blocked):
            await desk.publish()
        assert received.empty()
        await desk.publish()
        async with asyncio.timeout(5):
            frame = await received.get()
    assert statement_of(frame)["at"].startswith(desk.due.at.isoformat()[:16])
    assert await counted(engine) == before + 1
    assert names.asked == ["loghost.corp"] * 2, "each sending asks once and goes to the number it checked"


async def test_a_sink_that_refuses_holds_back_no_other_and_they_get_it_once(
    engine: AsyncEngine, key_file: Path, httpserver: HTTPServer
) -> None:
    answers, got = [500, 500, 204], list[bytes]()
    httpserver.expect_request("/full").respond_with_handler(lambda _: Response(status=answers.pop(0)))

    def take(request: Request) -> Response:
        got.append(request.data)
        return Response(status=204)

    httpserver.expect_request("/open").respond_with_handler(take)
    desk = Desk(engine, key_file, httpserver.url_for("/full"), httpserver.url_for("/open"))
    await desk.seal()
    for _ in range(2):
        with pytest.raises(Refused, match="answered 500"):
            await desk.publish()
        assert len(got) == 1
    await desk.publish()
    assert (len(got), answers) == (1, [])


def test_a_sink_without_a_host_is_told_at_the_start() -> None:
    with pytest.raises(BadConfiguration, match="which is no host"):
        sink_guard(["syslog://log host:514"], ())


async def test_a_receiver_gets_the_statement_with_a_key(
    engine: AsyncEngine, key_file: Path, httpserver: HTTPServer
) -> None:
    got: list[Request] = []

    def take(request: Request) -> Response:
        got.append(request)
        return Response(status=500 if len(got) == 1 else 204)

    httpserver.expect_request("/anchors", method="POST").respond_with_handler(take)
    desk = Desk(engine, key_file, httpserver.url_for("/anchors"))
    await desk.seal()
    with pytest.raises(Refused):
        await desk.publish()
    await desk.publish()
    first, second = got
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert "heads" not in second.get_json()
    assert second.get_json()["statement"]["records"] == 1


async def test_a_worker_without_the_private_key_cannot_sign(engine: AsyncEngine, key_file: Path) -> None:
    key_file.chmod(0o600)
    key_file.write_text(load_anchor_keys(key_file).dump(private=False))
    with pytest.raises(KeyFileError, match="no private key"):
        await Desk(engine, key_file, "file").seal()


async def test_a_rotated_key_goes_on_and_the_old_one_still_checks(
    engine: AsyncEngine, key_file: Path
) -> None:
    desk = Desk(engine, key_file, "file")
    await desk.seal()
    await desk.publish()
    key_file.write_text(load_anchor_keys(key_file).rotated().dump())
    later = Desk(engine, key_file, "file")
    await later.seal()
    await later.publish()
    keys = load_anchor_keys(key_file)
    written = read_anchors(desk.folder)
    assert [is_signed(one, keys.public) for one in written] == [True, True]
    assert len({one.statement.key for one in written}) == 2


def test_the_key_is_made_once_and_is_for_one_user(key_file: Path) -> None:
    before = key_file.read_text()
    assert key_file.stat().st_mode & 0o777 == 0o600
    ensure_anchor_key(key_file)
    assert key_file.read_text() == before
    assert "private" not in AnchorKeys.new().dump(private=False)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "JSON"),
        ('{"public": {}, "secret": "x"}', "secret"),
        ('{"public": {"a": "zz"}}', "hexadecimal"),
        ('{"public": {"a": "00"}}', "32 bytes"),
        ('{"public": {"a": "' + "00" * 32 + '"}}', "another key than its name"),
    ],
)
def test_a_damaged_key_file_is_refused_with_its_place(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(content)
    with pytest.raises(KeyFileError, match=f"{path}.*{reason}"):
        load_anchor_keys(path)
