"""What the API asks of an issuer passes the egress guard: the issuer is trusted, what it publishes is not."""

import json
from pathlib import Path
from typing import Any

import pytest
import structlog
from joserfc.jwk import OKPKey
from pytest_httpserver import HTTPServer
from sqlalchemy.ext.asyncio import AsyncEngine
from werkzeug import Response

from api.oidc import OidcIssuer
from api.oidc_exchange import IssuerExchange, NoAnswerError
from api.oidc_sign_in import completed, tokens_for
from steadydesk.contracts.identity import OidcRules
from steadydesk.egress.guard import EgressGuard
from steadydesk.errors import Unavailable
from tests.connectors.remote import Names, reply, served
from tests.support.api import client_of, directory_app
from tests.support.stacks import isolated_settings

KEYS = {"keys": [OKPKey.generate_key("Ed25519", {"kid": "okp", "use": "sig"}).as_dict(private=False)]}
REFUSED = "has an address that may not be reached from here"


def issuer_of(url: str, allow: tuple[str, ...] = (), names: Names | None = None) -> OidcIssuer:
    exchange = IssuerExchange.of(url, allow)
    if names is not None:
        port = int(url.rpartition(":")[2])
        exchange = IssuerExchange(EgressGuard(allow, names, named=[("localhost", port)]))
    return OidcIssuer(OidcRules(issuer=url, audience="steadydesk"), exchange)


def publishes(server: HTTPServer, **addresses: str) -> str:
    """The URL of an issuer that publishes these, and its keys at its own address where none are named."""
    url = server.url_for("").rstrip("/")
    described = {"issuer": url, "jwks_uri": f"{url}/keys", **addresses}
    server.expect_request("/.well-known/openid-configuration").respond_with_json(described)
    server.expect_request("/keys").respond_with_json(KEYS)
    return url


@pytest.mark.parametrize(
    ("address", "use"),
    [
        ("https://169.254.169.254/latest/meta-data/", "link-local"),
        ("https://168.63.129.16/keys", "metadata"),
        ("https://[fd00:ec2::254]/keys", "metadata"),
        ("https://10.0.0.7/keys", "private"),
        ("https://127.0.0.1:6379/keys", "loopback"),
        ("http://127.0.0.1:6379/keys", "loopback"),
        ("https://[::ffff:10.0.0.7]/keys", "private"),
    ],
)
async def test_what_an_issuer_publishes_leads_nowhere_inside(
    httpserver: HTTPServer, address: str, use: str
) -> None:
    checking = issuer_of(publishes(httpserver, jwks_uri=address))
    with structlog.testing.capture_logs() as logs, pytest.raises(Unavailable, match=REFUSED):
        await checking.endpoint("token_endpoint")
    [told] = logs
    assert told["event"] == "oidc_address_refused"
    assert f"leads to a {use} address that is not on the allow-list" in told["reason"]
    assert told["setting"] == "STEADYDESK_EGRESS_ALLOW"


async def test_another_port_of_the_issuers_host_is_not_the_issuer(httpserver: HTTPServer) -> None:
    async with served() as neighbour:
        other = f"http://localhost:{neighbour.port}/keys"
        with pytest.raises(Unavailable, match=REFUSED):
            await issuer_of(publishes(httpserver, jwks_uri=other)).endpoint("token_endpoint")
        assert neighbour.received == []


async def test_the_allow_list_opens_what_an_issuer_keeps_elsewhere(httpserver: HTTPServer) -> None:
    async with served() as neighbour:
        neighbour.answers = [reply(200, json.dumps(KEYS).encode())]
        tokens = "https://login.example/token"
        url = publishes(httpserver, jwks_uri=f"http://localhost:{neighbour.port}/keys", token_endpoint=tokens)
        checking = issuer_of(url, allow=(f"localhost:{neighbour.port}",))
        assert await checking.endpoint("token_endpoint") == tokens
        assert [one.target for one in neighbour.received] == ["/keys"]


@pytest.mark.parametrize("address", ["https://10.0.0.7/token", "https://169.254.169.254/userinfo"])
async def test_codes_and_access_tokens_go_nowhere_inside(address: str) -> None:
    exchange = IssuerExchange.of("https://issuer.example", ())
    with pytest.raises(Unavailable, match=REFUSED):
        await tokens_for(exchange, address, "code", "verifier", "http://localhost/", isolated_settings())
    with pytest.raises(Unavailable, match=REFUSED):
        await completed(exchange, {"sub": "person-7"}, address, "access")


@pytest.mark.parametrize("name", ["/.well-known/openid-configuration", "/keys", "/token", "/userinfo"])
async def test_no_redirect_is_followed(httpserver: HTTPServer, name: str) -> None:
    url = publishes(httpserver)
    async with served() as neighbour:
        exchange = IssuerExchange.of(url, ("127.0.0.0/8",))
        httpserver.clear()
        elsewhere = Response(status=302, headers={"Location": f"{neighbour.url}/inside"})
        httpserver.expect_request(name).respond_with_response(elsewhere)
        assert await exchange.ask("GET", f"{url}{name}") == (302, None)
        assert neighbour.received == []


async def test_a_name_is_resolved_once_and_reached_by_the_number_that_was_checked() -> None:
    async with served() as remote:
        remote.answers = [reply(200, b"{}")]
        names = Names({"issuer.corp": [["127.0.0.1"], ["127.0.0.2"]]})
        exchange = IssuerExchange(EgressGuard((), names, named=[("issuer.corp", remote.port)]))
        assert await exchange.ask("GET", f"http://issuer.corp:{remote.port}/keys") == (200, {})
        assert names.asked == ["issuer.corp"]
        assert remote.received[0].headers["host"] == f"issuer.corp:{remote.port}"


async def test_an_issuer_that_is_rebound_to_the_machines_own_services_is_refused(
    httpserver: HTTPServer,
) -> None:
    names = Names({"localhost": [["127.0.0.1"], ["169.254.169.254"]]})
    checking = issuer_of(publishes(httpserver), names=names)
    with structlog.testing.capture_logs() as logs, pytest.raises(Unavailable, match=REFUSED):
        await checking.endpoint("token_endpoint")
    assert names.asked == ["localhost", "localhost"]
    assert [line["reason"].partition(" leads")[2] for line in logs] == [
        " to a link-local address that is not on the allow-list"
    ]
    assert [request.path for request, _ in httpserver.log] == ["/.well-known/openid-configuration"]


@pytest.mark.parametrize(
    "address", ["https://a..b/", f"https://{'x' * 64}.example/", "https://x.example/%zz"]
)
async def test_an_odd_address_is_no_fault_of_ours(address: str) -> None:
    names = Names({})
    with pytest.raises((Unavailable, NoAnswerError)):
        await IssuerExchange(EgressGuard((), names)).ask("GET", address)


async def test_the_api_says_that_an_address_is_refused_until_the_setting_allows_it(
    engine: AsyncEngine, tmp_path: Path, httpserver: HTTPServer
) -> None:
    async with served() as neighbour:
        neighbour.answers = [reply(200, json.dumps(KEYS).encode())]
        url = publishes(httpserver, jwks_uri=f"http://localhost:{neighbour.port}/keys")

        async def answered(**settings: Any) -> dict[str, Any]:
            app = directory_app(engine, tmp_path, oidc_issuer=url, oidc_audience="steadydesk", **settings)
            async with client_of(app) as client:
                return (await client.get("/api/v1/me", headers={"Authorization": "Bearer a.b.c"})).json()

        refused = await answered()
        assert (refused["status"], refused["type"].rpartition("/")[2]) == (503, "unavailable")
        assert REFUSED in refused["detail"]
        assert (await answered(egress_allow=(f"localhost:{neighbour.port}",)))["status"] == 401
