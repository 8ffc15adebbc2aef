"""Signing in at an OIDC issuer: a real one on loopback, with code, state, nonce and PKCE."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from api.session_cookie import PLAIN
from steadydesk.records.identity_session import renew_session
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.portal.visitors import Visitor, tags, visitor
from tests.support.api_desk import ApiDesk, api_desk

KEY = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
SECRET = "the client's secret"
PUBLIC = "http://localhost"
ACCESS = "opaque-access-token"


class Issuer:
    """Gives one code for each sign-in, and a token for it once, to whoever has the verifier."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.url = server.url_for("").rstrip("/")
        self.asked: dict[str, dict[str, str]] = {}
        self.changes: dict[str, Any] = {}
        endpoints = {"authorization_endpoint": f"{self.url}/authorize", "token_endpoint": f"{self.url}/token"}
        self.described = {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **endpoints}
        described = server.expect_request("/.well-known/openid-configuration")
        described.respond_with_handler(lambda _: Response(json.dumps(self.described), 200))
        server.expect_request("/keys").respond_with_json({"keys": [KEY.as_dict(private=False)]})
        server.expect_request("/token", method="POST").respond_with_handler(self._token)

    def agree(self, location: str) -> tuple[str, str]:
        """The person signs in: code and state for the way back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        code = f"code-{len(self.asked)}"
        self.asked[code] = asked
        return code, asked["state"]

    def _token(self, request: Request) -> Response:
        asked = self.asked.pop(request.form["code"], None)
        verifier = request.form["code_verifier"].encode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).decode().rstrip("=")
        known = request.authorization is not None and request.authorization.password == SECRET
        if asked is None or challenge != asked["code_challenge"] or not known:
            return Response(json.dumps({"error": "invalid_grant"}), 400)
        if request.form["redirect_uri"] != asked["redirect_uri"]:
            return Response(json.dumps({"error": "invalid_grant"}), 400)
        stamp = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": self.url, "aud": "desk-portal", "exp": stamp + 300, "nonce": asked["nonce"],
            "sub": "person-7", "preferred_username": "rita.requester", **self.changes,
        }  # fmt: skip
        stated = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode({"alg": "RS256", "kid": "rsa"}, stated, KEY, algorithms=["RS256"])
        given = {"id_token": token, "access_token": ACCESS, "token_type": "Bearer"}
        return Response(json.dumps(given), 200)

    def tells(self, **claims: str) -> None:
        """It has a UserInfo address, which says these claims to whoever brings the access token."""
        asked = self.server.expect_request("/userinfo", headers={"Authorization": f"Bearer {ACCESS}"})
        asked.respond_with_json(claims)
        self.described["userinfo_endpoint"] = f"{self.url}/userinfo"


@pytest.fixture
def issuer(httpserver: HTTPServer) -> Issuer:
    return Issuer(httpserver)


@pytest.fixture
async def desk(postgres: EmbeddedPostgres, issuer: Issuer, tmp_path: Path) -> AsyncIterator[ApiDesk]:
    given: dict[str, Any] = {
        "oidc_issuer": issuer.url,
        "oidc_audience": "desk-api",
        "oidc_client_id": "desk-portal",
    }
    async with api_desk(
        postgres, "portal_issuer", tmp_path, public_url=PUBLIC, oidc_client_secret=SECRET, **given
    ) as opened:
        yield opened


async def leave_for(browser: Visitor) -> httpx2.Response:
    page = await browser.page("/sign-in?next=/requests")
    assert "/sign-in/issuer?next=/requests" in page
    return await browser.open("/sign-in/issuer?next=/requests")


async def test_a_person_comes_back_signed_in(desk: ApiDesk, issuer: Issuer) -> None:
    async with visitor(desk) as rita:
        left = await leave_for(rita)
        asked = parse_qs(urlsplit(left.headers["location"]).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["redirect_uri"] == [f"{PUBLIC}/sign-in/callback"]
        code, state = issuer.agree(left.headers["location"])
        back = await rita.open(f"/sign-in/callback?code={code}&state={state}")
        assert (back.status_code, back.headers["location"]) == (303, "/requests")
        assert rita.client.cookies[PLAIN].startswith("sds_")
        assert "Rita" in await rita.page("/")
        again = await rita.open(f"/sign-in/callback?code={code}&state={state}")
        assert again.headers["location"] == "/sign-in?failed=true", "a code and its cookie are good once"


async def come_in(browser: Visitor, issuer: Issuer) -> None:
    left = await leave_for(browser)
    code, state = issuer.agree(left.headers["location"])
    await browser.open(f"/sign-in/callback?code={code}&state={state}")
    await browser.page("/")


async def test_a_name_that_only_the_userinfo_address_tells_counts_for_the_same_person(
    desk: ApiDesk, issuer: Issuer
) -> None:
    issuer.changes = {"preferred_username": None}
    issuer.tells(sub="person-7", preferred_username="rita.requester")
    async with visitor(desk) as rita:
        await come_in(rita, issuer)
        assert "Rita" in await rita.page("/")
    issuer.changes["sub"] = "somebody-else"
    async with visitor(desk) as other:
        left = await leave_for(other)
        code, state = issuer.agree(left.headers["location"])
        back = await other.open(f"/sign-in/callback?code={code}&state={state}")
        assert back.headers["location"] == "/sign-in?failed=true"


async def test_the_token_counts_before_the_userinfo_address(desk: ApiDesk, issuer: Issuer) -> None:
    issuer.tells(sub="person-7", preferred_username="ada.admin")
    async with visitor(desk) as rita:
        await come_in(rita, issuer)
        assert "Rita" in await rita.page("/")


async def test_signing_out_ends_the_session_at_the_issuer_too(desk: ApiDesk, issuer: Issuer) -> None:
    issuer.described["end_session_endpoint"] = f"{issuer.url}/end?realm=desk"
    async with visitor(desk) as rita:
        await come_in(rita, issuer)
        answer = await rita.send("/sign-out")
        seconds, _, address = answer.headers["refresh"].partition("; url=")
        assert (answer.status_code, seconds) == (200, "0")
        assert address.startswith(f"{issuer.url}/end?")
        assert parse_qs(urlsplit(address).query) == {
            "realm": ["desk"],
            "client_id": ["desk-portal"],
            "post_logout_redirect_uri": [f"{PUBLIC}/sign-in"],
        }
        assert address in {unescape(given["href"] or "") for tag, given in tags(answer.text) if tag == "a"}
        assert (await rita.open("/")).headers["location"].startswith("/sign-in")


async def test_a_session_whose_id_was_renewed_still_began_at_the_issuer(
    desk: ApiDesk, issuer: Issuer
) -> None:
    issuer.described["end_session_endpoint"] = f"{issuer.url}/end"
    async with visitor(desk) as rita:
        await come_in(rita, issuer)
        async with desk.services.engine.begin() as connection:
            fresh = await renew_session(connection, rita.client.cookies[PLAIN], desk.services.clock())
        rita.client.cookies.clear()
        rita.client.cookies.set(PLAIN, fresh or "")
        await rita.page("/")
        assert "refresh" in (await rita.send("/sign-out")).headers


@pytest.mark.parametrize("published", [None, "javascript:alert(1)"])
async def test_signing_out_stays_here_where_the_issuer_has_no_such_address(
    desk: ApiDesk, issuer: Issuer, published: str | None
) -> None:
    issuer.described |= {"end_session_endpoint": published} if published else {}
    async with visitor(desk) as rita:
        await come_in(rita, issuer)
        answer = await rita.send("/sign-out")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
        assert (await rita.open("/")).headers["location"].startswith("/sign-in")


async def test_a_session_of_a_password_ends_here_alone(desk: ApiDesk, issuer: Issuer) -> None:
    issuer.described["end_session_endpoint"] = f"{issuer.url}/end"
    async with visitor(desk, "rita.requester") as rita:
        await rita.page("/")
        assert (await rita.send("/sign-out")).headers["location"] == "/sign-in"


async def test_what_does_not_fit_signs_nobody_in(desk: ApiDesk, issuer: Issuer) -> None:
    async with visitor(desk) as rita, visitor(desk) as thief:
        left = await leave_for(rita)
        code, state = issuer.agree(left.headers["location"])
        await leave_for(thief)
        planted = await thief.open(f"/sign-in/callback?code={code}&state={state}")
        assert planted.headers["location"] == "/sign-in?failed=true"
        for query in (f"code={code}&state=other", f"state={state}", f"error=denied&state={state}", ""):
            left = await leave_for(rita)
            answer = await rita.open(f"/sign-in/callback?{query}")
            assert answer.headers["location"] == "/sign-in?failed=true", query
        for changes in ({"nonce": "other"}, {"aud": "desk-api"}, {"iss": "https://elsewhere.example"},
                        {"preferred_username": "nobody.known"}, {"exp": 1}):  # fmt: skip
            issuer.changes = changes
            left = await leave_for(rita)
            code, state = issuer.agree(left.headers["location"])
            answer = await rita.open(f"/sign-in/callback?code={code}&state={state}")
            assert answer.headers["location"] == "/sign-in?failed=true", changes
        assert PLAIN not in rita.client.cookies


async def test_a_changed_cookie_is_not_taken(desk: ApiDesk, issuer: Issuer) -> None:
    async with visitor(desk) as rita:
        left = await leave_for(rita)
        code, state = issuer.agree(left.headers["location"])
        kept = rita.client.cookies["steadydesk-issuer"]
        rita.client.cookies.clear()
        key, sealed, signature = kept.split(".")
        content = json.loads(base64.urlsafe_b64decode(sealed + "=="))
        forged = (
            base64.urlsafe_b64encode(json.dumps({**content, "next": "/operations"}).encode())
            .decode()
            .rstrip("=")
        )
        rita.client.cookies.set("steadydesk-issuer", f"{key}.{forged}.{signature}")
        answer = await rita.open(f"/sign-in/callback?code={code}&state={state}")
        assert answer.headers["location"] == "/sign-in?failed=true"


async def test_without_an_issuer_there_is_no_such_way(portal: ApiDesk) -> None:
    async with visitor(portal) as somebody:
        assert "/sign-in/issuer" not in await somebody.page("/sign-in")
        assert (await somebody.open("/sign-in/issuer")).status_code == 404
