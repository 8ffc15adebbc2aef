"""Which parts a stack has under given settings, and with what files and environment each is started."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from steadydesk.settings import Settings
from steadydesk.stack.addresses import Addresses
from steadydesk.stack.postgres import EmbeddedPostgres
from steadydesk.stack.ready_process import ReadyProcess
from steadydesk.stack.state_folder import StateFolder
from steadydesk.stack.temporal import HOST, EmbeddedTemporal

Commands = Mapping[str, Sequence[str | Path]]
"""Name of a program of ours to its command line."""

PROGRAMS: Final[Commands] = {
    "worker": (sys.executable, "-m", "worker"),
    "api": (sys.executable, "-m", "api"),
}


def embedded_postgres(folder: StateFolder, extra_settings: Mapping[str, str]) -> EmbeddedPostgres:
    return EmbeddedPostgres(
        folder.postgres, log_file=folder.logs / "postgres.log", extra_settings=extra_settings
    )


def embedded_temporal(
    folder: StateFolder, settings: Settings, extra_arguments: Sequence[str]
) -> EmbeddedTemporal:
    return EmbeddedTemporal(
        folder.temporal / "temporal.db",
        settings.temporal_port,
        settings.temporal_ui_port,
        namespace=settings.namespace,
        log_file=folder.logs / "temporal.log",
        program=settings.temporal_bin,
        extra_arguments=extra_arguments,
    )


def program(
    name: str, command: Sequence[str | Path], folder: StateFolder, settings: Settings, addresses: Addresses
) -> ReadyProcess:
    """A program of ours, told all settings and the servers by its environment."""
    return ReadyProcess(
        name,
        command,
        ready_file=folder.ready / name,
        log_file=folder.logs / f"{name}.log",
        environment=settings.environment() | addresses.environment(),
    )


def listening_ports(settings: Settings) -> dict[str, tuple[str, int]]:
    """The (host, port) that this stack's own parts will listen on, by the variable that moves it."""
    ports = {"STEADYDESK_API_PORT": (settings.api_host, settings.api_port)}
    if settings.embedded_temporal:
        ports["STEADYDESK_TEMPORAL_PORT"] = (HOST, settings.temporal_port)
        ports["STEADYDESK_TEMPORAL_UI_PORT"] = (HOST, settings.temporal_ui_port)
    if settings.worker_metrics_port:
        ports["STEADYDESK_WORKER_METRICS_PORT"] = (HOST, settings.worker_metrics_port)
    return ports
