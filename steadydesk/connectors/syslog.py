"""Send one line to a syslog server: RFC 5424 over UDP, TCP (octet counting, RFC 6587) or a local socket."""

import asyncio
import os
import socket
from datetime import UTC, datetime
from urllib.parse import SplitResult, urlsplit

from steadydesk.connectors.errors import BadConfiguration, Unavailable

_FACILITY_LOG_AUDIT = 13
_NOTICE = 5
_DEFAULT_PORT = 514
_SCHEMES = ("syslog", "syslog+tcp", "syslog+unix")


def check_syslog_url(url: str) -> SplitResult:
    """The parts of ``syslog://host:514`` (UDP), ``syslog+tcp://host:514`` or ``syslog+unix:///dev/log``."""
    parts = urlsplit(url)
    complete = parts.path if parts.scheme == "syslog+unix" else parts.hostname
    if parts.scheme not in _SCHEMES or not complete:
        raise BadConfiguration(f"{url!r} is no syslog address such as syslog+tcp://loghost:514")
    return parts


async def send_line(url: str, line: str, at: datetime, seconds: float = 10.0) -> None:
    """Raises Unavailable when the line could not be handed over. Over UDP nobody knows whether it arrived."""
    parts = check_syslog_url(url)
    message = _message(line, at)
    try:
        async with asyncio.timeout(seconds):
            await _send(parts, message)
    except (OSError, TimeoutError) as error:
        raise Unavailable(f"{url}: {error or 'no answer in time'}") from None


def _message(line: str, at: datetime) -> bytes:
    instant = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    priority = _FACILITY_LOG_AUDIT * 8 + _NOTICE
    return f"<{priority}>1 {instant} {socket.gethostname()} steadydesk {os.getpid()} anchor - {line}".encode()


async def _send(parts: SplitResult, message: bytes) -> None:
    host, port = parts.hostname or "", parts.port or _DEFAULT_PORT
    if parts.scheme == "syslog+tcp":
        _, writer = await asyncio.open_connection(host, port)
        writer.write(f"{len(message)} ".encode() + message)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        return
    loop = asyncio.get_running_loop()
    if parts.scheme == "syslog+unix":
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
            local.setblocking(False)  # noqa: FBT003 - the signature of the standard library
            await loop.sock_connect(local, parts.path)
            await loop.sock_sendall(local, message)
        return
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(host, port))
    transport.sendto(message)
    transport.close()
