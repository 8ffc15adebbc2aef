"""The Temporal client: one converter for API, worker, tests and replay; the standard TEMPORAL_* variables."""

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

DATA_CONVERTER = pydantic_data_converter


async def connect(
    address: str | None = None, namespace: str | None = None, *, metrics_port: int = 0
) -> Client:
    """Connect as ``TEMPORAL_ADDRESS``, ``TEMPORAL_NAMESPACE``, TLS and key variables say; arguments win.

    ``metrics_port`` serves the SDK's own metrics for Prometheus on loopback; 0 serves none.
    """
    config = ClientConfig.load_client_connect_config()
    if address is not None:
        config["target_host"] = address
    if namespace is not None:
        config["namespace"] = namespace
    runtime = _measured(metrics_port) if metrics_port else None
    return await Client.connect(**config, data_converter=DATA_CONVERTER, runtime=runtime)


def _measured(port: int) -> Runtime:
    return Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(bind_address=f"127.0.0.1:{port}")))
