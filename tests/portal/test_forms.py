"""Nothing is decided by GET, by a form from elsewhere, or without the token of the session."""

import re
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from api.metrics import PREFIX
from api.portal.guard import guard, own_path
from api.security import permission_of
from tests.portal.visitors import ORIGIN, field_of, visitor
from tests.support.api_desk import ApiDesk

ACCESS = {"application": "ledger", "level": "write", "until": "2030-03-31", "reason": "Closing of the year"}
EVIL = "https://evil.example"
OUTSIDE = ("/docs", "/problems", "/metrics", "/livez", "/readyz")


async def ordered(portal: ApiDesk) -> str:
    found = await portal.order("rita.requester", "application-access", **ACCESS)
    return found["number"]


async def state_of(portal: ApiDesk, number: str) -> str:
    return (await portal.get("rita.requester", f"/requests/{number}"))["state"]


def portal_routes(portal: ApiDesk) -> list[Any]:
    return [
        route
        for route in iter_route_contexts(portal.app.routes)
        if not (route.path or "").startswith((PREFIX, *OUTSIDE))
    ]


def test_every_form_is_guarded(portal: ApiDesk) -> None:
    routes = [route for route in portal_routes(portal) if "POST" in (route.methods or ())]
    assert len(routes) > 8
    bare = [route.path for route in routes if not _calls(route.dependant, guard)]
    assert bare == []


def _calls(dependant: Any, wanted: Any) -> bool:
    return dependant.call is wanted or any(_calls(inner, wanted) for inner in dependant.dependencies)


def test_only_what_comes_before_sign_in_is_public(portal: ApiDesk) -> None:
    public = {route.path for route in portal_routes(portal) if permission_of(route.dependant) is None}
    assert public == {
        "/sign-in", "/sign-in/again", "/sign-in/first-administrator", "/sign-in/issuer", "/sign-in/callback",
        "/sign-in/language", "/sign-out", "/theme", "/static/{digest}/{name}", "/files/{token}",
    }  # fmt: skip


@pytest.mark.parametrize("origin", [EVIL, "null", "http://test.evil.example", "http://test:8080", None])
async def test_a_form_from_elsewhere_is_refused(portal: ApiDesk, origin: str | None) -> None:
    number = await ordered(portal)
    async with visitor(portal, "rita.requester") as rita:
        await rita.page(f"/records/{number}/cancel")
        answer = await rita.send(f"/records/{number}/cancel", origin=origin)
        assert answer.status_code == 403
        assert "This is not allowed" in answer.text
    assert await state_of(portal, number) == "open"


async def test_a_form_without_the_sessions_token_is_refused(portal: ApiDesk) -> None:
    number = await ordered(portal)
    async with visitor(portal, "rita.requester") as rita, visitor(portal, "rita.requester") as twin:
        await rita.page(f"/records/{number}/cancel")
        other = field_of(await twin.page("/"), "form_token")
        for token in ("", "x", other):
            assert (await rita.send(f"/records/{number}/cancel", token=token)).status_code == 403
        assert await state_of(portal, number) == "open"
        taken = await rita.send(f"/records/{number}/cancel", reason="Not needed.")
        assert taken.status_code == 303
    assert await state_of(portal, number) != "open"


async def test_a_referer_stands_in_for_a_missing_origin(portal: ApiDesk) -> None:
    number = await ordered(portal)
    async with visitor(portal, "rita.requester") as rita:
        token = field_of(await rita.page(f"/records/{number}"), "form_token")
        body = {"form_token": token, "text": "By its referer."}
        path = f"/records/{number}/comments"
        elsewhere = await rita.client.post(path, data=body, headers={"Referer": f"{EVIL}/page"})
        assert elsewhere.status_code == 403
        ours = await rita.client.post(path, data=body, headers={"Referer": f"{ORIGIN}/records/{number}"})
        assert ours.status_code == 303


async def test_no_get_changes_anything(portal: ApiDesk) -> None:
    number = await ordered(portal)
    before = await portal.get("rita.requester", f"/requests/{number}")
    async with visitor(portal, "rita.requester") as rita:
        for route in portal_routes(portal):
            path = (route.path or "").replace("{number}", number)
            if "POST" in (route.methods or ()) and "{" not in path and path != "/sign-out":
                answer = await rita.open(path + "?text=x&reason=x&watch=true&score=1")
                assert answer.status_code < 500, path
    after = await portal.get("rita.requester", f"/requests/{number}")
    assert after == before


async def test_a_form_sent_twice_counts_once(portal: ApiDesk) -> None:
    number = await ordered(portal)
    async with visitor(portal, "rita.requester") as rita:
        key = field_of(await rita.page(f"/records/{number}"), "once")
        for _ in range(2):
            answer = await rita.send(f"/records/{number}/comments", text="Only once, please.", once=key)
            assert answer.status_code == 303, answer.text
        html = await rita.page(f"/records/{number}")
        assert html.count("Only once, please.") == 1


async def test_problems_show_at_their_fields_with_what_was_typed(portal: ApiDesk) -> None:
    number = await ordered(portal)
    async with visitor(portal, "rita.requester") as rita:
        html = await rita.page(f"/records/{number}/change")
        line = field_of(html, "line")
        answer = await rita.send(
            f"/records/{number}/change", line=line, v__application="ledger", v__level="everything", v__until="soon",
            comment="Kept as typed <b>",
        )  # fmt: skip
        assert answer.status_code == 422
        assert "must be a date as YYYY-MM-DD" in answer.text
        assert re.search(r'id="change-v-until"[^>]*aria-invalid="true"', answer.text)
        assert "Kept as typed &lt;b&gt;" in answer.text
        empty = await rita.send(f"/records/{number}/comments", text="   ")
        assert empty.status_code == 422
        nul = await rita.send(f"/records/{number}/comments", text="a\x00b")
        assert nul.status_code == 422


async def test_what_somebody_may_not_do_is_refused_with_its_reason(portal: ApiDesk) -> None:
    number = await ordered(portal)
    async with visitor(portal, "mona.manager") as mona, visitor(portal, "hanna.hr") as hanna:
        html = await mona.page(f"/records/{number}")
        assert f"/records/{number}/cancel" not in html
        answer = await mona.send(f"/records/{number}/cancel")
        assert answer.status_code == 403
        await hanna.page("/")
        hidden = await hanna.send(f"/records/{number}/cancel")
        missing = await hanna.send("/records/REQ9999999/cancel")
        assert (hidden.status_code, missing.status_code) == (404, 404)


async def test_hidden_and_missing_are_the_same_page(portal: ApiDesk) -> None:
    number = await ordered(portal)
    async with visitor(portal, "hanna.hr") as hanna:
        hidden = await hanna.open(f"/records/{number}")
        missing = await hanna.open("/records/REQ9999999")
        assert (hidden.status_code, missing.status_code) == (404, 404)
        assert _plain(hidden.text, number) == _plain(missing.text, "REQ9999999")
        api = await hanna.client.get(f"/api/v1/requests/{number}", headers={"Accept": "text/html"})
        assert api.headers["content-type"] == "application/problem+json"


def _plain(html: str, number: str) -> str:
    changing = r'nonce="[^"]*"|name="once" value="[^"]*"'
    return re.sub(changing, "", html).replace(number, "")


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("/records/REQ1?x=1", "/records/REQ1?x=1"),
        (None, "/"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\nb", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_only_own_paths_are_gone_to(typed: str | None, path: str) -> None:
    assert own_path(typed) == path
