"""Every file that can open a connection is listed: with the egress guard, or to a part of this installation alone."""

import ast

import pytest

from tests.support.stacks import REPOSITORY

SOURCES = ("workflows", "activities", "api", "steadydesk", "worker.py")

GUARDED = {
    "steadydesk/egress/guard.py": "resolves, checks, and connects by number",
    "steadydesk/egress/transport.py": "HTTP by checked numbers: connectors, webhooks, anchors, the OIDC issuer",
    "steadydesk/egress/exchange.py": "one HTTP exchange over it, with caps",
    "steadydesk/connectors/smtp.py": "mail, on a connection that the guard made",
    "steadydesk/connectors/syslog.py": "anchors for log servers, by checked numbers",
}
OUR_OWN = {
    "steadydesk/cli/client.py": "the API of the operator who types the command",
    "steadydesk/orchestration/client.py": "Temporal",
    "steadydesk/records/engine.py": "the database",
    "steadydesk/records/migration.py": "the database",
    "steadydesk/stack/postgres.py": "the embedded database, by its local socket",
    "steadydesk/stack/ports.py": "whether a port of this machine is free",
    "steadydesk/stack/preparation.py": "Temporal and the database",
    "steadydesk/stack/temporal.py": "Temporal, and whether it answers",
}
LIBRARIES = {
    *(
        "aiohttp",
        "aiosmtplib",
        "asyncpg",
        "asyncssh",
        "dns",
        "ftplib",
        "grpc",
        "grpclib",
        "http.client",
        "httpcore",
    ),
    *(
        "httpcore2",
        "httpx",
        "httpx2",
        "imaplib",
        "ldap3",
        "nntplib",
        "paramiko",
        "poplib",
        "psycopg",
        "pycurl",
    ),
    *(
        "redis",
        "requests",
        "smtplib",
        "socket",
        "telnetlib",
        "urllib.request",
        "urllib3",
        "websockets",
        "xmlrpc",
    ),
}
DOORS = {
    *("create_async_engine", "create_connection", "create_datagram_endpoint", "create_engine", "getaddrinfo"),
    *(
        "create_unix_connection",
        "open_connection",
        "open_unix_connection",
        "sock_connect",
        "sock_sendto",
        "urlopen",
    ),
}


def doors_in(source: str) -> set[str]:
    """What in a module could reach another host: libraries that do, and functions that open connections."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names if _reaches_out(alias.name)}
            case ast.ImportFrom(module=str(module), names=names):
                named = {module, *(f"{module}.{alias.name}" for alias in names)}
                found |= {one for one in named if _reaches_out(one)}
                found |= {alias.name for alias in names if alias.name in DOORS}
            case ast.Attribute(value=ast.Name(id="Client"), attr="connect"):
                found.add("Client.connect")
            case ast.Attribute(attr=name) if name in DOORS:
                found.add(name)
            case _:
                pass
    return found


def _reaches_out(module: str) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in LIBRARIES)


def modules() -> dict[str, str]:
    paths = [path for name in SOURCES for path in [REPOSITORY / name, *(REPOSITORY / name).rglob("*.py")]]
    return {str(path.relative_to(REPOSITORY)): path.read_text() for path in paths if path.suffix == ".py"}


def test_every_file_that_opens_a_connection_is_known() -> None:
    """A new one belongs behind the guard: `HttpExchange`, or `EgressGuard.connect` for what is no HTTP."""
    opening = {path: sorted(doors) for path, source in modules().items() if (doors := doors_in(source))}
    unknown = {path: doors for path, doors in opening.items() if path not in {**GUARDED, **OUR_OWN}}
    assert unknown == {}, "these open connections past the egress guard"
    assert {**GUARDED, **OUR_OWN}.keys() - opening.keys() == set(), "these open none any more"


@pytest.mark.parametrize("path", sorted(GUARDED.keys() - {"steadydesk/egress/guard.py"}))
def test_what_reaches_out_has_the_guard(path: str) -> None:
    imports = [node for node in ast.walk(ast.parse(modules()[path])) if isinstance(node, ast.ImportFrom)]
    named = {(node.module, alias.name) for node in imports for alias in node.names}
    assert ("steadydesk.egress.guard", "EgressGuard") in named


def test_there_is_one_guard() -> None:
    guards = [path for path, source in modules().items() if "class EgressGuard" in source]
    assert guards == ["steadydesk/egress/guard.py"]


@pytest.mark.parametrize(
    "source",
    [
        "import httpx2",
        "import urllib.request as web",
        "from urllib import request",
        "from urllib.request import urlopen",
        "from http import client",
        "def f():\n    import smtplib",
        "import socket",
        "from asyncio import open_connection",
        "import asyncio\nasync def f(): await asyncio.open_connection('h', 1)",
        "async def f(loop): await loop.create_datagram_endpoint(object, remote_addr=('h', 1))",
        "from temporalio.client import Client\nasync def f(): await Client.connect('h')",
    ],
)
def test_a_new_way_out_is_seen(source: str) -> None:
    assert doors_in(source)


@pytest.mark.parametrize("source", ["from urllib.parse import urlsplit", "import asyncio", "import http"])
def test_what_opens_nothing_is_not(source: str) -> None:
    assert doors_in(source) == set()
