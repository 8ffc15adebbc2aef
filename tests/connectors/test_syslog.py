"""What is left of a connection to a log server that does not take its line."""

import asyncio
import socket
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from steadydesk.connectors.anchor_sinks import sink_guard
from steadydesk.connectors.errors import Unavailable
from steadydesk.connectors.syslog import send_line

_MORE_THAN_IS_ON_THE_WAY = "x" * 32_000_000


async def test_a_log_server_that_takes_nothing_keeps_no_connection() -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        url = f"syslog+tcp://127.0.0.1:{server.getsockname()[1]}"
        guard = sink_guard([url], ())
        with pytest.raises(Unavailable, match="no answer in time"):
            await send_line(guard, url, _MORE_THAN_IS_ON_THE_WAY, datetime.now(UTC), seconds=0.2)
        connected, _ = await loop.sock_accept(server)
        with connected:
            connected.settimeout(0)
            async with asyncio.timeout(5):
                with suppress(ConnectionResetError):
                    while await loop.sock_recv(connected, 1_000_000):
                        pass
