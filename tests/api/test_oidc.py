import asyncio
import base64
import hashlib
import hmac
import json
import time
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey
from pytest_httpserver import HTTPServer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from werkzeug import Response

from api import oidc_exchange
from api.oidc import OidcIssuer
from api.oidc_exchange import IssuerExchange
from api.oidc_sign_in import completed, tokens_for
from steadydesk.configuration.oidc_claims import read_mapping, read_rules
from steadydesk.contracts.identity import OidcMapping, OidcRules
from steadydesk.errors import NotSignedIn, Unavailable
from steadydesk.records.tables.journal import audit
from steadydesk.stack.credentials import refuse_wrong_sign_in
from steadydesk.stack.failure import StackError
from tests.support.api import client_of, directory_app
from tests.support.stacks import isolated_settings

NOW = datetime.now(UTC).replace(microsecond=0)
KEYS: dict[str, Key] = {
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "okp", "use": "sig"}),
}
MAPPING = OidcMapping.model_validate({"groups": {"desk": "it-desk"}, "roles": {"ops": "operator"}})


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Issuer:
    """An issuer on loopback whose keys can be changed."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("").rstrip("/")
        self.keys: list[Key] = list(KEYS.values())
        self.asked = 0
        server.expect_request("/.well-known/openid-configuration").respond_with_json(
            {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        )
        server.expect_request("/keys").respond_with_handler(self._keys)

    def _keys(self, _request: Any) -> Response:
        self.asked += 1
        return Response(json.dumps(KeySet(self.keys).as_dict()), mimetype="application/json")

    def claims(self, **changes: Any) -> dict[str, Any]:
        stamp = int(NOW.timestamp())
        claims = {"iss": self.url, "aud": "steadydesk", "exp": stamp + 300, "preferred_username": "Ada"}
        return {name: value for name, value in {**claims, **changes}.items() if value is not None}

    def token(self, algorithm: str = "RS256", key: Key | None = None, **changes: Any) -> str:
        key = key or KEYS[algorithm]
        header = {"alg": algorithm, "kid": key.kid}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            return jwt.encode(header, self.claims(**changes), key, algorithms=[algorithm])


@pytest.fixture
def issuer(httpserver: HTTPServer) -> Issuer:
    return Issuer(httpserver)


def verifier(issuer: Issuer, clock: Callable[[], float] = Clock()) -> OidcIssuer:  # noqa: B008
    rules = OidcRules(issuer=issuer.url, audience="steadydesk", mapping=MAPPING)
    return OidcIssuer(rules, IssuerExchange.of(issuer.url, ()), clock)


def asked_at(url: str, clock: Callable[[], float] = time.monotonic) -> OidcIssuer:
    return OidcIssuer(OidcRules(issuer=url, audience="steadydesk"), IssuerExchange.of(url, ()), clock)


@pytest.mark.parametrize("algorithm", list(KEYS))
async def test_a_valid_token_says_who_and_what(issuer: Issuer, algorithm: str) -> None:
    token = issuer.token(algorithm, groups=["desk", "other"], roles="ops", aud=["x", "steadydesk"])
    claims = await verifier(issuer).claims(token, NOW)
    assert claims.user_name == "ada"
    assert claims.groups == {"it-desk"}
    assert {str(role) for role in claims.roles or ()} == {"operator@*"}
    bare = await verifier(issuer).claims(issuer.token(algorithm), NOW)
    assert (bare.groups, bare.roles) == (None, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"exp": int(NOW.timestamp()) - 61},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": int(NOW.timestamp()) + 61},
        {"preferred_username": None},
        {"preferred_username": 7},
    ],
)
async def test_claims_that_do_not_hold_are_refused(issuer: Issuer, changes: dict[str, Any]) -> None:
    with pytest.raises(NotSignedIn):
        await verifier(issuer).claims(issuer.token(**changes), NOW)


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def signed_with_the_public_key(issuer: Issuer) -> str:
    """The classical confusion: an RSA public key taken for the secret of HS256."""
    key = KEYS["RS256"]
    assert isinstance(key, RSAKey)
    content = ".".join(
        encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": "rsa"}, issuer.claims())
    )
    mac = hmac.new(key.as_pem(private=False), content.encode(), hashlib.sha256).digest()
    return f"{content}.{encoded(mac)}"


async def test_only_the_fixed_algorithms_and_the_issuers_keys_count(issuer: Issuer) -> None:
    stranger = RSAKey.generate_key(2048, {"kid": "rsa"})
    unsigned = ".".join(issuer.token().split(".")[:2]) + "."
    forged = [
        issuer.token("RS256", stranger),
        signed_with_the_public_key(issuer),
        jwt.encode({"alg": "RS512", "kid": "rsa"}, issuer.claims(), KEYS["RS256"], algorithms=["RS512"]),
        unsigned,
        "a.b.c",
        "",
        "x" * 20_000,
        issuer.token()[:-4] + "AAAA",
    ]
    checking = verifier(issuer)
    for token in forged:
        with pytest.raises(NotSignedIn):
            await checking.claims(token, NOW)


async def test_keys_are_kept_and_a_new_one_is_asked_for_but_not_often(issuer: Issuer) -> None:
    clock = Clock()
    checking = verifier(issuer, clock)
    for _ in range(5):
        await checking.claims(issuer.token(), NOW)
    assert issuer.asked == 1
    fresh = RSAKey.generate_key(2048, {"kid": "new", "use": "sig"})
    issuer.keys = [fresh]
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            await checking.claims(issuer.token("RS256", fresh), NOW)
    assert issuer.asked == 1
    clock.now += 30
    await checking.claims(issuer.token("RS256", fresh), NOW)
    assert issuer.asked == 2
    with pytest.raises(NotSignedIn):
        await checking.claims(issuer.token(), NOW)
    clock.now += 3601
    await checking.claims(issuer.token("RS256", fresh), NOW)
    assert issuer.asked == 3


async def test_an_issuer_that_does_not_answer_is_unavailable_and_then_works(
    httpserver: HTTPServer,
) -> None:
    clock = Clock()
    url = httpserver.url_for("").rstrip("/")
    checking = asked_at(url, clock)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await checking.claims("a.b.c", NOW)
    assert len(httpserver.log) == 1
    httpserver.clear()
    issuer = Issuer(httpserver)
    clock.now += 30
    assert (await checking.claims(issuer.token(), NOW)).user_name == "ada"
    # Later the issuer is away again, and the keys it gave are still good.
    httpserver.clear()
    clock.now += 7200
    assert (await checking.claims(issuer.token(), NOW)).user_name == "ada"


@asynccontextmanager
async def dripping() -> AsyncIterator[str]:
    """The address of a server that never ends its answer, a byte at a time."""

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_slow_issuer_is_waited_for_a_while_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc_exchange, "TOTAL_SECONDS", 0.4)
    async with dripping() as url:
        exchange = IssuerExchange.of(url, ())
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await asked_at(url).claims("a.b.c", NOW)
        assert time.monotonic() - began < 2
        with pytest.raises(Unavailable):
            await tokens_for(
                exchange, f"{url}/token", "code", "verifier", "http://localhost/", isolated_settings()
            )
        told = {"sub": "person-7"}
        assert await completed(exchange, told, f"{url}/userinfo", "access") == told
        assert time.monotonic() - began < 4


async def test_known_keys_stay_good_while_others_are_asked_for(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    checking = verifier(issuer, clock)
    await checking.claims(issuer.token(), NOW)
    clock.now += 3601
    entered, going_on = asyncio.Event(), asyncio.Event()

    async def slow(method: str, address: str) -> tuple[int, Any]:
        entered.set()
        await going_on.wait()
        return await IssuerExchange.ask(checking.exchange, method, address)

    monkeypatch.setattr(checking.exchange, "ask", slow)
    asking = asyncio.create_task(checking.claims(issuer.token(), NOW))
    await entered.wait()
    assert (await asyncio.wait_for(checking.claims(issuer.token(), NOW), 2)).user_name == "ada"
    assert issuer.asked == 1
    going_on.set()
    await asking
    assert issuer.asked == 2


@pytest.mark.parametrize(
    "address", ["http://10.0.0.1/keys", "file:///etc/passwd", "ftp://x.example/keys", "/keys"]
)
async def test_keys_are_asked_for_at_safe_addresses_alone(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    url = httpserver.url_for("").rstrip("/")
    httpserver.expect_request("/.well-known/openid-configuration").respond_with_json(
        {"issuer": url, "jwks_uri": address}
    )
    asked: list[str] = []
    checking = asked_at(url)

    async def listed(method: str, address: str) -> tuple[int, Any]:
        asked.append(address)
        return await IssuerExchange.ask(checking.exchange, method, address)

    monkeypatch.setattr(checking.exchange, "ask", listed)
    with pytest.raises(Unavailable, match="jwks_uri is not safe to use"):
        await checking.claims("a.b.c", NOW)
    assert asked == [f"{url}/.well-known/openid-configuration"]


async def test_an_answer_without_end_is_not_read(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/large").respond_with_data(b" " * 300_000)
    address = httpserver.url_for("/large")
    with pytest.raises(oidc_exchange.NoAnswerError):
        await IssuerExchange.of(address, ()).ask("GET", address)


async def test_keys_of_another_issuer_are_not_taken(httpserver: HTTPServer) -> None:
    url = httpserver.url_for("").rstrip("/")
    httpserver.expect_request("/.well-known/openid-configuration").respond_with_json(
        {"issuer": "https://elsewhere.example", "jwks_uri": f"{url}/keys"}
    )
    with pytest.raises(Unavailable):
        await asked_at(url).claims("a.b.c", NOW)


def test_rules_say_what_is_wrong(tmp_path: Path) -> None:
    def rules(issuer: str | None, audience: str | None = "x", **more: Any) -> OidcRules | None:
        given = {"oidc_issuer": issuer, "oidc_audience": audience, "state_dir": tmp_path}
        return read_rules(isolated_settings(**given, **more))

    assert rules(None, None) is None
    for wrong in (
        "http://issuer.example",
        "https://issuer.example:port",
        "https://ada@issuer.example",
        "issuer",
    ):
        with pytest.raises(ValueError, match=r"must be an https address|a web address reads"):
            rules(wrong)
    with pytest.raises(ValueError, match="AUDIENCE"):
        rules("https://issuer.example", None)
    missing = tmp_path / "missing.json"
    with pytest.raises(ValueError, match=r"missing\.json:1:1: the file cannot be read"):
        rules("https://issuer.example", oidc_claims_file=missing)
    without = rules("https://issuer.example")
    assert without is not None
    assert without.mapping == OidcMapping()


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('{"roles":\n  {"a": "king"}}', "2:9", "'king' is not a role"),
        ('{"groups":\n  {"a": "IT Desk"}}', "2:9", "match"),
        ('{\n "group": {}}', "2:2", "did you mean 'groups'?"),
        ('{"roles": ', "1:11", "not YAML"),
    ],
)
def test_a_wrong_file_of_claims_is_named_by_its_place(
    tmp_path: Path, text: str, place: str, words: str
) -> None:
    file = tmp_path / "claims.json"
    file.write_text(text)
    with pytest.raises(ValueError, match="claims") as caught:
        read_mapping(file)
    assert str(caught.value).startswith(f"{file}:{place}: ")
    assert words in str(caught.value)
    settings = isolated_settings(
        state_dir=tmp_path, oidc_issuer="https://i.example", oidc_audience="x", oidc_claims_file=file
    )
    with pytest.raises(StackError) as told:
        refuse_wrong_sign_in(settings)
    assert words in str(told.value)


def test_a_file_of_claims_is_json_or_yaml(tmp_path: Path) -> None:
    file = tmp_path / "claims"
    for text in (
        '{"roles": {"a": "process_owner@hr"}, "groups": {"b": "it-desk"}}',
        "roles: {a: process_owner@hr}\ngroups:\n  b: it-desk\n",
    ):
        file.write_text(text)
        mapping = read_mapping(file)
        assert str(mapping.roles["a"]) == "process_owner@hr"
        assert mapping.groups == {"b": "it-desk"}


async def test_the_api_takes_the_issuers_tokens_and_follows_their_groups(
    engine: AsyncEngine, issuer: Issuer, tmp_path: Path
) -> None:
    (tmp_path / "oidc-claims.json").write_text(MAPPING.model_dump_json())
    app = directory_app(engine, tmp_path, oidc_issuer=issuer.url, oidc_audience="steadydesk")
    async with client_of(app) as client:

        async def me(**changes: Any) -> Any:
            headers = {"Authorization": f"Bearer {issuer.token(**changes)}"}
            return await client.get("/api/v1/me", headers=headers)

        assert (await me(preferred_username="cleo", groups=["desk"])).json()["groups"] == ["it-desk"]
        assert (await me(preferred_username="cleo")).json()["groups"] == ["it-desk"]
        assert (await me(preferred_username="cleo", groups=[])).json()["groups"] == []
        for nobody in ("nobody", "robot"):
            assert (await me(preferred_username=nobody)).status_code == 401


async def test_somebody_new_is_entered_once_where_the_setting_says_so(
    engine: AsyncEngine, issuer: Issuer, tmp_path: Path
) -> None:
    (tmp_path / "oidc-claims.json").write_text(MAPPING.model_dump_json())
    given: dict[str, Any] = {"oidc_issuer": issuer.url, "oidc_audience": "steadydesk"}
    app = directory_app(engine, tmp_path, oidc_create_people=True, **given)
    async with client_of(app) as client:

        async def me(**changes: Any) -> Any:
            headers = {"Authorization": f"Bearer {issuer.token(**changes)}"}
            return await client.get("/api/v1/me", headers=headers)

        new = {"preferred_username": "New.One", "name": " New One\x00 ", "email": "new@x.example"}
        answers = await asyncio.gather(*(me(**new, groups=["desk"]) for _ in range(4)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["person"]["id"] for answer in answers}) == 1
        entered = (await me(**new)).json()
        assert entered["groups"] == ["it-desk"]
        shown = {name: entered["person"][name] for name in ("user_name", "name", "email", "manager")}
        assert shown == {
            "user_name": "new.one",
            "name": "New One",
            "email": "new@x.example",
            "manager": None,
        }
        unsure = await me(preferred_username="unsure", email="not an address")
        unverified = await me(preferred_username="unproved", email="a@b.example", email_verified=False)
        assert (unsure.json()["person"]["email"], unverified.json()["person"]["email"]) == (None, None)
        assert (await me(preferred_username="with space")).status_code == 401
        assert (await me(preferred_username="robot")).status_code == 401
    async with engine.connect() as connection:
        chain = select(audit.c.event, audit.c.actor, audit.c.method).where(
            audit.c.number == entered["person"]["id"], audit.c.event == "person.added"
        )
        assert (await connection.execute(chain)).all() == [("person.added", "service", "oidc")]
    async with client_of(directory_app(engine, tmp_path, **given)) as client:
        headers = {"Authorization": f"Bearer {issuer.token(preferred_username='newer')}"}
        assert (await client.get("/api/v1/me", headers=headers)).status_code == 401
