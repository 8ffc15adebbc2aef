"""Send one line to a syslog server: RFC 5424 over UDP, TCP (octet counting, RFC 6587) or a local socket. Servers are
reached through the egress guard, unencrypted as they are.
"""

import asyncio
import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import SplitResult, urlsplit

from steadydesk.connectors.errors import BadConfiguration, Blocked, Unavailable
from steadydesk.egress.guard import EgressGuard

_FACILITY_LOG_AUDIT = 13
_NOTICE = 5
_DEFAULT_PORT = 514
_LOCAL = "syslog+unix"
_SCHEMES = ("syslog", "syslog+tcp", _LOCAL)


def check_syslog_url(url: str) -> SplitResult:
    """The parts of ``syslog://host:514`` (UDP), ``syslog+tcp://host:514`` or ``syslog+unix:///dev/log``."""
    parts = urlsplit(url)
    complete = parts.path if parts.scheme == _LOCAL else parts.hostname
    if parts.scheme not in _SCHEMES or not complete:
        raise BadConfiguration(f"{url!r} is no syslog address such as syslog+tcp://loghost:514")
    return parts


def syslog_endpoint(url: str) -> tuple[str, int] | None:
    """Host and port; None for a socket of this machine."""
    parts = check_syslog_url(url)
    return None if parts.scheme == _LOCAL else (parts.hostname or "", parts.port or _DEFAULT_PORT)


async def send_line(guard: EgressGuard, url: str, line: str, at: datetime, seconds: float = 10.0) -> None:
    """Raises Blocked where the guard refuses the server, Unavailable when the line could not be handed over. Over UDP
    nobody knows whether it arrived.
    """
    parts = check_syslog_url(url)
    message = _message(line, at)
    try:
        async with asyncio.timeout(seconds):
            await _send(guard, parts, message)
    except Blocked as blocked:
        raise Blocked(f"{url}: {blocked.message}") from None
    except Unavailable as away:
        raise Unavailable(f"{url}: {away.message}") from None
    except (OSError, TimeoutError) as error:
        raise Unavailable(f"{url}: {str(error) or 'no answer in time'}") from None


def _message(line: str, at: datetime) -> bytes:
    instant = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    priority = _FACILITY_LOG_AUDIT * 8 + _NOTICE
    return f"<{priority}>1 {instant} {socket.gethostname()} steadydesk {os.getpid()} anchor - {line}".encode()


async def _send(guard: EgressGuard, parts: SplitResult, message: bytes) -> None:
    host, port = parts.hostname or "", parts.port or _DEFAULT_PORT
    if parts.scheme == _LOCAL:
        await _send_to_socket(parts.path, message)
    elif parts.scheme == "syslog+tcp":
        await _send_over_tcp(guard, host, port, message)
    else:
        await _send_over_udp(guard, host, port, message)


async def _send_to_socket(path: str, message: bytes) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
        local.setblocking(False)  # noqa: FBT003 - the signature of the standard library
        await loop.sock_connect(local, path)
        await loop.sock_sendall(local, message)


async def _send_over_tcp(guard: EgressGuard, host: str, port: int, message: bytes) -> None:
    _, connected = await guard.connect(host, port, encrypted=False)
    _, writer = await asyncio.open_connection(sock=connected)
    try:
        writer.write(f"{len(message)} ".encode() + message)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    except (OSError, asyncio.CancelledError):
        # With what is unsent, the connection would stay open as long as the server takes nothing.
        writer.transport.abort()
        raise


async def _send_over_udp(guard: EgressGuard, host: str, port: int, message: bytes) -> None:
    """To the first of the checked addresses that this machine has a way to."""
    destination = await guard.check_endpoint(host, port, encrypted=False)
    for number in destination.addresses:
        with suppress(OSError):
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=(number, port)
            )
            transport.sendto(message)
            transport.close()
            return
    raise Unavailable(f"no way to {destination.host}:{port}")
