"""A remote on loopback that answers as told: it may fail, delay, lose its reply, redirect or never end."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import SecretStr

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@dataclass(frozen=True)
class Received:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def reply(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
    async def write(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        await writer.drain()

    return write


async def lose(writer: asyncio.StreamWriter) -> None:
    """The request was read and acted upon, and then the connection goes away."""
    writer.close()


async def hang(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3)
    writer.close()


def drip(status: int, piece: bytes, pause: float, length: int | None = None) -> Answer:
    """Headers at once, then a body without end, or of the given announced length."""

    async def write(writer: asyncio.StreamWriter) -> None:
        announced = f"Content-Length: {length}\r\n" if length is not None else "Connection: close\r\n"
        writer.write(f"HTTP/1.1 {status} X\r\n{announced}\r\n".encode())
        for _ in range(2000):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return write


def cut(status: int, body: bytes) -> Answer:
    """A body that breaks off before its announced length."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body) + 100}\r\n\r\n".encode() + body)
        await writer.drain()

    return write


@dataclass
class Remote:
    """`answers` are used in turn, the last one for ever."""

    port: int = 0
    answers: list[Answer] = field(default_factory=lambda: [reply(200, b"{}")])
    received: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            request, *lines = head.rstrip("\r\n").split("\r\n")
            method, target, _ = request.split(" ")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.received.append(Received(method, target, headers, body))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            await answer(writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def served(tls: ssl.SSLContext | None = None) -> AsyncIterator[Remote]:
    remote = Remote()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await remote.serve(reader, writer)
        except asyncio.CancelledError:
            return
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    remote.port = server.sockets[0].getsockname()[1]
    try:
        yield remote
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def silent() -> AsyncIterator[int]:
    """The port of a server that takes a connection, and says nothing until the caller has given up."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@dataclass
class Names:
    """A resolver whose answers change from one question to the next, as a rebinding attacker's do."""

    answers: dict[str, list[list[str]]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> list[str]:
        del port
        self.asked.append(host)
        turns = self.answers.get(host)
        if turns is None:
            raise OSError("no such name")
        return turns.pop(0) if len(turns) > 1 else turns[0]


class FixedSecrets:
    """Knows the secrets of one test and who asked for them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.asked: list[tuple[str, str]] = []

    def resolve(self, reference: str, host: str) -> SecretStr:
        self.asked.append((reference, host))
        return SecretStr(self._values[reference])


@dataclass(frozen=True)
class Certificate:
    server: ssl.SSLContext
    client: ssl.SSLContext
