"""What both servers need before worker and API start: schema, namespace, keys, demo organisation."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from asyncpg.exceptions import PostgresError
from sqlalchemy import make_url
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError

from steadydesk.contracts.identity import DemoUser
from steadydesk.settings import Settings
from steadydesk.stack.addresses import Addresses
from steadydesk.stack.anchor_key import ensure_anchor_key
from steadydesk.stack.credentials import (
    Credentials,
    demo_pending,
    read_credentials,
    write_credentials,
)
from steadydesk.stack.failure import StackError, usable
from steadydesk.stack.keys import ensure_keys
from steadydesk.stack.namespace import ensure_namespace, register_search_attributes
from steadydesk.stack.state_folder import StateFolder

Migrate = Callable[[str, str | None], Awaitable[None]]
InstallDemo = Callable[[str, Settings], Awaitable[Sequence[DemoUser]]]


@dataclass(frozen=True, slots=True)
class Contents:
    """What is put into the servers; all of it safe to repeat."""

    migrate: Migrate
    search_attributes: Mapping[str, str]
    install_demo: InstallDemo


def steadydesk_contents() -> Contents:
    """The schema, search attributes and demo organisation of Steadydesk."""
    # Here, so that the servers alone can be run without loading every table and model.
    from steadydesk.configuration.install import install_demo
    from steadydesk.contracts.search_attributes import SEARCH_ATTRIBUTES
    from steadydesk.records.migration import migrate

    return Contents(migrate, SEARCH_ATTRIBUTES, install_demo)


async def prepare(settings: Settings, addresses: Addresses, contents: Contents) -> Credentials | None:
    """Bring both servers to what this version needs; the demo credentials when there are any."""
    await prepare_servers(settings, addresses, contents)
    folder = StateFolder(settings.state_dir)
    known = read_credentials(folder.credentials)
    if not known and not demo_pending(settings):
        return None
    users = known.users if known else await _demo_users(settings, addresses, contents)
    credentials = Credentials(**addresses.model_dump(include=set(Credentials.model_fields)), users=users)
    write_credentials(folder.credentials, credentials)
    return credentials


async def prepare_servers(settings: Settings, addresses: Addresses, contents: Contents) -> None:
    """Keys, schema with the service role, namespace, search attributes: also for existing servers."""
    with usable(f"{settings.keys_file} (STEADYDESK_KEYS_FILE)"):
        ensure_keys(settings.keys_file)
    with usable(f"{settings.anchor_key_file} (STEADYDESK_ANCHOR_KEY_FILE)"):
        ensure_anchor_key(settings.anchor_key_file)
    database = _prepare_database(settings, addresses, contents)
    temporal = _prepare_temporal(settings, addresses, contents)
    faults = [fault for fault in await asyncio.gather(database, temporal, return_exceptions=True) if fault]
    for fault in faults:
        if not isinstance(fault, StackError):
            raise fault
    if faults:
        raise StackError("; ".join(map(str, faults))) from faults[0]


async def _prepare_database(settings: Settings, addresses: Addresses, contents: Contents) -> None:
    try:
        await contents.migrate(addresses.database_owner_url, _service_password(addresses))
    # What comes without SQLAlchemy's wrapping was said while connecting: nobody there, or not to this role.
    except (OSError, PostgresError) as error:
        url = make_url(addresses.database_owner_url)
        own = addresses.database_owner_url != addresses.database_url
        variable = "STEADYDESK_DATABASE_OWNER_URL" if own else "STEADYDESK_DATABASE_URL"
        named = "" if settings.embedded_database else f" ({variable})"
        raise StackError(
            f"cannot connect to the database {url.render_as_string(hide_password=True)}{named}:"
            f" {str(error) or 'no answer in time'}"
        ) from error


async def _prepare_temporal(settings: Settings, addresses: Addresses, contents: Contents) -> None:
    named = "" if settings.embedded_temporal else " (TEMPORAL_ADDRESS)"
    place = f"{addresses.temporal_address}{named}"
    retention = timedelta(days=settings.retention_days)
    try:
        client = await connect(addresses)
        await ensure_namespace(client, retention, ours=settings.embedded_temporal)
        await register_search_attributes(client, contents.search_attributes)
    except RPCError as error:
        raise StackError(f"Temporal at {place} refuses to be prepared: {error.message}") from error
    except RuntimeError as error:
        raise StackError(f"cannot connect to Temporal at {place}: {error}") from error


async def connect(addresses: Addresses) -> Client:
    """A plain client for administration, with TLS and API key from the standard TEMPORAL_* variables."""
    options = ClientConfig.load_client_connect_config()
    return await Client.connect(
        **options | {"target_host": addresses.temporal_address, "namespace": addresses.namespace}
    )


async def _demo_users(settings: Settings, addresses: Addresses, contents: Contents) -> list[DemoUser]:
    return list(await contents.install_demo(addresses.database_url, settings))


def _service_password(addresses: Addresses) -> str | None:
    """The password the service connects with, when another role owns the schema."""
    service, owner = make_url(addresses.database_url), make_url(addresses.database_owner_url)
    return service.password if service.username != owner.username else None
