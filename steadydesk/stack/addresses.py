"""Where the parts of a running stack answer; `running.json` of the state folder tells other commands."""

import os
from pathlib import Path

from pydantic import BaseModel, Field

from steadydesk.settings import Settings, http_origin
from steadydesk.stack.postgres import SERVICE, EmbeddedPostgres
from steadydesk.stack.private_files import write_private
from steadydesk.stack.state_folder import StateFolder
from steadydesk.stack.temporal import HOST


class Addresses(BaseModel):
    """URLs and targets of all parts, ours or existing ones."""

    portal: str
    api: str
    api_docs: str
    temporal_ui: str | None = None
    """None for a server of somebody else's of which no UI is known."""
    temporal_address: str
    namespace: str
    database_url: str = Field(repr=False)
    database_owner_url: str = Field(repr=False)
    demo_systems: str | None = None
    """What stands in for the outside systems of the demo organisation, where there is one."""

    def environment(self) -> dict[str, str]:
        """Variables by which a started worker or API finds the servers."""
        return {
            "STEADYDESK_DATABASE_URL": self.database_url,
            "TEMPORAL_ADDRESS": self.temporal_address,
            "TEMPORAL_NAMESPACE": self.namespace,
        }


class Running(BaseModel):
    """A stack that is up: its supervisor's process id, the parts' process ids, and the addresses."""

    pid: int
    parts: dict[str, int | None]
    addresses: Addresses


def addresses_of(
    settings: Settings, postgres: EmbeddedPostgres | None, demo_port: int | None = None
) -> Addresses:
    """The addresses under these settings; `postgres` is the embedded server, None for an existing one."""
    service = postgres.url(user=SERVICE) if postgres else settings.database_url or ""
    owner = postgres.url() if postgres else settings.database_owner_url or service
    origin = _local_origin(settings)
    return Addresses(
        portal=f"{origin}/",
        api=f"{origin}/api/v1",
        api_docs=f"{origin}/docs",
        temporal_ui=settings.temporal_ui_url,
        temporal_address=settings.temporal_address or f"{HOST}:{settings.temporal_port}",
        namespace=settings.namespace,
        database_url=service,
        database_owner_url=owner,
        demo_systems=f"{http_origin(HOST, demo_port)}/" if demo_port else None,
    )


def write_running(path: Path, parts: dict[str, int | None], addresses: Addresses) -> None:
    """Tell other commands; mode 600, because a database URL may hold a password."""
    write_private(path, Running(pid=os.getpid(), parts=parts, addresses=addresses).model_dump_json(indent=2))


def running_stack_of(settings: Settings) -> Running | None:
    """The stack that runs in this state folder now, or None, also while it is still starting."""
    folder = StateFolder(settings.state_dir)
    if folder.owner() is None or not folder.running.exists():
        return None
    return Running.model_validate_json(folder.running.read_text())


def _local_origin(settings: Settings) -> str:
    """The API as seen from this machine; a wildcard address is reached by loopback."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.api_host, settings.api_host)  # noqa: S104
    return http_origin(host, settings.api_port)
