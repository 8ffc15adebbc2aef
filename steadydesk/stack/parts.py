"""Which parts a stack has under given settings, and with what files and environment each is started."""

import base64
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from steadydesk.settings import Settings
from steadydesk.stack.addresses import Addresses
from steadydesk.stack.postgres import EmbeddedPostgres
from steadydesk.stack.ready_process import ReadyProcess
from steadydesk.stack.stand_in.secrets import CLOUD_TOKEN, MONITORING_SIGNATURE
from steadydesk.stack.state_folder import StateFolder
from steadydesk.stack.temporal import HOST, EmbeddedTemporal

Commands = Mapping[str, Sequence[str | Path]]
"""Name of a program of ours to its command line."""

DEMO_SYSTEMS: Final = "demo-systems"

PROGRAMS: Final[Commands] = {
    "worker": (sys.executable, "-m", "worker"),
    "api": (sys.executable, "-m", "api"),
    DEMO_SYSTEMS: (sys.executable, "-m", "steadydesk.stack.stand_in"),
}
"""The last one runs for the demo organisation alone."""


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


def programs(
    commands: Commands, folder: StateFolder, settings: Settings, addresses: Addresses, demo_port: int | None
) -> list[ReadyProcess]:
    """Our own, told all settings and the servers by their environment; with the demo also what stands in for its
    systems, and for the worker how to reach that.
    """
    common = settings.environment() | addresses.environment()
    if demo_port is None:
        commands = {name: command for name, command in commands.items() if name != DEMO_SYSTEMS}
        return [_program(name, command, folder, common) for name, command in commands.items()]
    shared = demo_secrets()
    reach = ",".join([*settings.egress_allow, f"{HOST}:{demo_port}"])
    own = {
        "worker": common | shared | {"STEADYDESK_EGRESS_ALLOW": reach},
        DEMO_SYSTEMS: shared,
    }
    arguments = {DEMO_SYSTEMS: (str(demo_port), folder.path / "demo-systems.jsonl")}
    return [
        _program(name, (*command, *arguments.get(name, ())), folder, own.get(name, common))
        for name, command in commands.items()
    ]


def demo_secrets() -> dict[str, str]:
    """The secrets that the demo's connectors name: what the environment has, else new ones for this start."""
    drawn = {
        CLOUD_TOKEN: secrets.token_urlsafe(24),
        MONITORING_SIGNATURE: f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
    }
    return {name: os.environ.get(name) or value for name, value in drawn.items()}


def _program(
    name: str, command: Sequence[str | Path], folder: StateFolder, environment: Mapping[str, str]
) -> ReadyProcess:
    return ReadyProcess(
        name,
        command,
        ready_file=folder.ready / name,
        log_file=folder.logs / f"{name}.log",
        environment=environment,
    )


def listening_ports(settings: Settings, demo_port: int | None = None) -> dict[str, tuple[str, int]]:
    """The (host, port) that this stack's own parts will listen on, by the variable that moves it."""
    ports = {"STEADYDESK_API_PORT": (settings.api_host, settings.api_port)}
    if demo_port is not None:
        ports["STEADYDESK_DEMO_PORT"] = (HOST, demo_port)
    if settings.embedded_temporal:
        ports["STEADYDESK_TEMPORAL_PORT"] = (HOST, settings.temporal_port)
        ports["STEADYDESK_TEMPORAL_UI_PORT"] = (HOST, settings.temporal_ui_port)
    if settings.worker_metrics_port:
        ports["STEADYDESK_WORKER_METRICS_PORT"] = (HOST, settings.worker_metrics_port)
    return ports
