"""The Temporal client: one converter for API, worker, tests and replay; the standard TEMPORAL_* variables."""

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig

DATA_CONVERTER = pydantic_data_converter


async def connect(address: str | None = None, namespace: str | None = None) -> Client:
    """Connect as ``TEMPORAL_ADDRESS``, ``TEMPORAL_NAMESPACE``, TLS and key variables say; arguments win."""
    config = ClientConfig.load_client_connect_config()
    if address is not None:
        config["target_host"] = address
    if namespace is not None:
        config["namespace"] = namespace
    return await Client.connect(**config, data_converter=DATA_CONVERTER)
