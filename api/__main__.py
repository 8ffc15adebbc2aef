"""``python -m api``: serve API and portal until told to stop."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
import uvloop

from api.app import create_app
from api.services import Services
from steadydesk.logs import configure_logs
from steadydesk.orchestration.client import connect
from steadydesk.records.engine import make_engine
from steadydesk.records.keys import load_keyring
from steadydesk.settings import READY_FILE, Settings, settings
from steadydesk.stack.credentials import refuse_public_address, refuse_wrong_sign_in

_STOP_WITHIN = 10


class _Server(uvicorn.Server):
    """Says that it is ready when it has bound its port."""

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started and (path := os.environ.get(READY_FILE)):
            await asyncio.to_thread(Path(path).touch)


async def serve(current: Settings) -> None:
    refuse_public_address(current)
    refuse_wrong_sign_in(current)
    assert current.database_url is not None, "STEADYDESK_DATABASE_URL is not set"
    services = Services(
        engine=make_engine(current.database_url, name="steadydesk-api"),
        settings=current,
        keyring=load_keyring(current.keys_file),
        temporal=await connect(current.temporal_address, current.namespace),
        clock=lambda: datetime.now(UTC),
    )
    config = uvicorn.Config(
        create_app(services),
        host=current.api_host,
        port=current.api_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_STOP_WITHIN,
        server_header=False,
    )
    await _Server(config).serve()


def main() -> None:
    current = settings()
    configure_logs(current.log_level, current.log_format)
    uvloop.run(serve(current))


if __name__ == "__main__":
    main()
