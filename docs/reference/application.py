"""The application and the worker's staff as they are started, but connected to nothing: what pages are made from."""

import asyncio
from datetime import UTC, datetime
from functools import cache

from fastapi import FastAPI
from temporalio.client import Client

from activities.registry import Staff
from api.app import create_app
from api.services import Services
from steadydesk.policies.assertion import Keyring, install, installed
from steadydesk.records.engine import make_engine
from steadydesk.settings import Settings

_NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
_KEYRING = Keyring("docs", {"docs": bytes(32)})


@cache
def application() -> FastAPI:
    """The API with all its routes; the first request to it would fail."""
    services = Services(
        engine=make_engine(_NOWHERE),
        settings=_settings(),
        keyring=_KEYRING,
        temporal=_client(),
        clock=lambda: datetime.now(UTC),
    )
    return create_app(services)


@cache
def staff() -> Staff:
    """Everything that a worker registers."""
    try:
        installed()
    except RuntimeError:
        install(_KEYRING)
    engine = make_engine(_NOWHERE)
    return Staff(_settings(), _client(), engine, engine)


def _settings() -> Settings:
    """The defaults, whatever `.env` and environment say."""
    return Settings.model_validate({"database_url": _NOWHERE, "smtp_url": "smtp://127.0.0.1:1"})


@cache
def _client() -> Client:
    """Connects at its first call, which never comes."""
    return asyncio.run(Client.connect("127.0.0.1:1", lazy=True))
