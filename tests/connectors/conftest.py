"""Fixtures of the connectors: a real remote, a guard that lets loopback through, calls, certificates."""

import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from steadydesk.connectors.http import HttpConnector
from steadydesk.connectors.http_model import HttpConfiguration
from steadydesk.connectors.protocol import Connector, ConnectorCall
from steadydesk.egress.exchange import HttpExchange
from steadydesk.egress.guard import EgressGuard
from tests.connectors.directory_operations import OPERATIONS
from tests.connectors.remote import NOW, Certificate, FixedSecrets, Remote


@pytest.fixture
def loopback_guard() -> EgressGuard:
    return EgressGuard(["127.0.0.1"])


@pytest.fixture(scope="session")
def public_tls() -> ssl.SSLContext:
    """Loading the system's authorities takes longer than most tests."""
    return ssl.create_default_context()


@pytest.fixture
def exchange(loopback_guard: EgressGuard, public_tls: ssl.SSLContext) -> HttpExchange:
    return HttpExchange(loopback_guard, public_tls, lambda: NOW, cap=10_000)


@pytest.fixture
def connector(remote: Remote, exchange: HttpExchange) -> Connector:
    configuration = HttpConfiguration.model_validate(
        {"base_url": f"{remote.url}/api/", "operations": OPERATIONS}
    )
    return HttpConnector(configuration, exchange)


@pytest.fixture
def call() -> Callable[..., ConnectorCall]:
    def make(
        operation: str,
        values: Mapping[str, Any] | None = None,
        *,
        key: str = "REQ0000001:grant:directory",
        secrets: Mapping[str, str] | None = None,
        seconds: float = 2.0,
    ) -> ConnectorCall:
        return ConnectorCall(
            target="directory",
            operation=operation,
            values=values or {},
            idempotency_key=key,
            secrets=FixedSecrets(secrets or {}),
            timeout=timedelta(seconds=seconds),
        )

    return make


@pytest.fixture
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A server certificate for `directory.example` and 127.0.0.1, and a client that trusts only it."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "directory.example")])
    today = datetime.now(UTC)
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("directory.example"),
            x509.IPAddress(IPv4Address("127.0.0.1")),
        ]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "public.pem", folder / "private.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(public, private)
    return Certificate(server, ssl.create_default_context(cafile=str(public)))
