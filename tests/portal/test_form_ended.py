"""A session that ends in the middle of a form: what was typed is there again, and nothing is sent without a click."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import update

from api.portal.typed_form import SHOWN_FIELD
from api.session_cookie import PLAIN
from steadydesk.records.secrets import hash_of
from steadydesk.records.tables.identity import session
from tests.portal.visitors import ORIGIN, PASSWORD, Visitor, field_of, statements, visitor
from tests.support.api_desk import ApiDesk

ACCESS = {"application": "ledger", "level": "write", "until": "2030-03-31", "reason": "Closing of the year"}
TEXT = "The whole story, <b>typed</b> for an hour."
HOURS = timedelta(hours=13)
ENDINGS: dict[str, dict[str, Any]] = {
    "revoked": {"ended_at": datetime.now(UTC) - timedelta(minutes=1)},
    "idle": {"seen_at": datetime.now(UTC) - HOURS},
    "too old": {"expires_at": datetime.now(UTC) - timedelta(minutes=1)},
}


async def end(portal: ApiDesk, browser: Visitor, how: str = "revoked") -> None:
    """The session is over; the browser does not know and sends its cookie."""
    secret = browser.client.cookies[PLAIN]
    async with portal.services.engine.begin() as connection:
        ended = await connection.execute(
            update(session).where(session.c.hash == hash_of(secret)).values(**ENDINGS[how])
        )
    assert ended.rowcount == 1


async def ordered(portal: ApiDesk) -> str:
    return (await portal.order("rita.requester", "application-access", **ACCESS))["number"]


async def begin_anew(browser: Visitor) -> None:
    """Signed in once more in another tab."""
    before = browser.last
    browser.client.cookies.clear()
    assert (await browser.sign_in("rita.requester")).status_code == 303
    browser.last = before


def inside(html: str, form: str) -> dict[str, str]:
    """The hidden fields of a form."""
    part = html[html.index(f'data-form="{form}"') :].split("</form>", maxsplit=1)[0]
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', part))


@pytest.mark.parametrize("how", ENDINGS)
async def test_a_cookie_of_a_session_that_is_over_does_not_keep_anybody_out(
    portal: ApiDesk, how: str
) -> None:
    async with visitor(portal, "rita.requester") as rita:
        await end(portal, rita, how)
        sent = await rita.open("/requests")
        assert sent.headers["location"] == "/sign-in?next=%2Frequests"
        wrong = await rita.sign_in("rita.requester", "not the password")
        assert wrong.status_code == 401
        assert PLAIN in rita.client.cookies
        entered = await rita.send("/sign-in", user_name="rita.requester", password=PASSWORD)
        assert entered.status_code == 303, entered.text
        await rita.page("/requests")


async def test_the_token_of_a_visit_is_of_no_use_beside_a_session(portal: ApiDesk) -> None:
    async with visitor(portal) as planter, visitor(portal, "rita.requester") as rita:
        token = field_of((await planter.open("/sign-in")).text, "form_token")
        rita.client.cookies.set("steadydesk-visit", planter.client.cookies["steadydesk-visit"])
        await rita.page("/")
        assert (await rita.send("/theme", token=token, theme="dark")).status_code == 409


async def test_a_form_of_an_earlier_session_is_shown_again_as_it_was_filled_in(portal: ApiDesk) -> None:
    number = await ordered(portal)
    async with visitor(portal, "rita.requester") as rita:
        page = await rita.page(f"/records/{number}")
        given = {"sender": field_of(page, "sender"), "text": TEXT}
        await begin_anew(rita)
        answer = await rita.send(f"/records/{number}/comments", **given)
        assert answer.status_code == 409
        assert "Please send it again" in answer.text
        assert "typed&lt;/b&gt; for an hour.</textarea>" in answer.text
        assert "for an hour" not in await rita.page(f"/records/{number}")
        rita.last = answer
        assert (await rita.send(f"/records/{number}/comments", **given)).status_code == 303
        assert (await rita.page(f"/records/{number}")).count("for an hour") == 1


async def test_what_somebody_else_typed_is_not_shown(portal: ApiDesk) -> None:
    number = await ordered(portal)
    async with visitor(portal, "rita.requester") as rita, visitor(portal, "mona.manager") as mona:
        page = await rita.page(f"/records/{number}")
        given = {"sender": field_of(page, "sender"), "text": TEXT}
        mona.last = rita.last
        answer = await mona.send(f"/records/{number}/comments", **given)
        assert answer.status_code == 403
        assert "Somebody else is signed in here now" in answer.text
        assert "for an hour" not in answer.text


@pytest.mark.parametrize("is_sent", [True, False], ids=["cookie still sent", "no cookie"])
async def test_a_form_without_a_session_is_kept_until_the_sign_in(portal: ApiDesk, is_sent: bool) -> None:
    number = await ordered(portal)
    path = f"/records/{number}/comments"
    async with visitor(portal, "rita.requester") as rita:
        page = await rita.page(f"/records/{number}")
        await end(portal, rita)
        if not is_sent:
            rita.client.cookies.clear()
        answer = await rita.send(path, sender=field_of(page, "sender"), text=TEXT)
        assert answer.status_code == 401
        assert "Your session has ended" in answer.text
        assert "for an hour" not in answer.text
        rita.last = answer
        held = inside(answer.text, "sign_in")
        wrong = await rita.send("/sign-in", user_name="rita.requester", password="wrong", kept=held["kept"])
        rita.last = wrong
        assert inside(wrong.text, "sign_in")["kept"] == held["kept"]
        entered = await rita.send(
            "/sign-in", user_name="rita.requester", password=PASSWORD, kept=held["kept"]
        )
        assert entered.status_code == 200
        assert "Nothing was sent yet" in entered.text
        again = inside(entered.text, "kept")
        rita.last = await rita.client.post(
            path, data=_plain(again), headers={"Origin": ORIGIN, "Accept": "text/html"}
        )
        assert rita.last.status_code == 409
        assert "for an hour.</textarea>" in rita.last.text
        assert (
            "for an hour"
            not in (await rita.client.get(f"/records/{number}", headers={"Accept": "text/html"})).text
        )
        assert (await rita.send(path, text=TEXT)).status_code == 303


def _plain(fields: dict[str, str]) -> dict[str, str]:
    return {name: value.replace("&lt;", "<").replace("&gt;", ">") for name, value in fields.items()}


async def test_what_was_kept_is_dropped_for_somebody_else(portal: ApiDesk) -> None:
    number = await ordered(portal)
    async with visitor(portal, "rita.requester") as rita, visitor(portal, "mona.manager"):
        page = await rita.page(f"/records/{number}")
        await end(portal, rita)
        rita.last = await rita.send(f"/records/{number}/comments", sender=field_of(page, "sender"), text=TEXT)
        held = inside(rita.last.text, "sign_in")["kept"]
        entered = await rita.send("/sign-in", user_name="mona.manager", password=PASSWORD, kept=held)
        assert entered.status_code == 303
        gone_on = await rita.open("/")
        assert "for an hour" not in gone_on.text


async def test_who_signed_in_in_another_window_goes_on_here(portal: ApiDesk) -> None:
    number = await ordered(portal)
    async with visitor(portal, "rita.requester") as rita:
        page = await rita.page(f"/records/{number}")
        await end(portal, rita)
        answer = await rita.send(f"/records/{number}/comments", sender=field_of(page, "sender"), text=TEXT)
        held = inside(answer.text, "sign_in")["kept"]
        rita.last = answer
        not_yet = await rita.send("/sign-in/again", kept=held)
        assert not_yet.status_code == 401
        await begin_anew(rita)
        gone_on = await rita.send("/sign-in/again", kept=held)
        assert gone_on.status_code == 200
        assert f'action="/records/{number}/comments"' in gone_on.text


@pytest.mark.parametrize("origin", ["https://evil.example", None])
async def test_nothing_from_elsewhere_is_kept(portal: ApiDesk, origin: str | None) -> None:
    number = await ordered(portal)
    async with visitor(portal, "rita.requester") as rita:
        page = await rita.page(f"/records/{number}")
        sender = field_of(page, "sender")
        await end(portal, rita)
        answer = await rita.send(f"/records/{number}/comments", origin=origin, sender=sender, text=TEXT)
        assert answer.status_code == 403
        assert 'name="kept"' not in answer.text


def routes_that_show_again(portal: ApiDesk) -> Iterator[str]:
    for route in iter_route_contexts(portal.app.routes):
        if SHOWN_FIELD in vars(route.endpoint or visitor) and not (route.path or "").startswith("/sign-in"):
            yield route.path or ""


async def test_a_form_that_is_only_shown_writes_nothing(portal: ApiDesk) -> None:
    """Whatever the route: neither with the token of another session, nor when it is asked to be shown."""
    number = await ordered(portal)
    people = {name: await portal.person(name) for name in ("rita.requester", "mona.manager", "ingo.it")}
    paths = sorted(set(routes_that_show_again(portal)))
    assert len(paths) > 20
    shown: set[str] = set()
    for name, person in people.items():
        async with visitor(portal, name) as somebody:
            token = field_of(await somebody.page("/"), "form_token")
            given = {"sender": person, "decision": "approved", "text": TEXT, "reason": "x", "note": "x"}
            for path in paths:
                address = address_of(path, number, people["rita.requester"])
                answer = await sent_in_vain(portal, somebody, address, token="stale", **given)
                if "Please send it again" in answer:
                    shown.add(path)
                    await sent_in_vain(
                        portal, somebody, address, token=token, **given, **{SHOWN_FIELD: "true"}
                    )
    assert {"/catalog/{key}", "/records/{number}/comments", "/approvals/{gate}/decision"} <= shown
    assert len(shown) >= 15


def address_of(path: str, number: str, person: str) -> str:
    record = f"{number}-T1" if path.startswith("/tasks") else number
    places = {
        "number": record,
        "gate": f"{number}-G1",
        "key": "vpn-access",
        "person": person,
        "action": "start",
    }
    return path.format(**places)


async def sent_in_vain(portal: ApiDesk, somebody: Visitor, address: str, **given: str) -> str:
    """The answer to a form that must not be carried out."""
    with statements(portal) as counted:
        answer = await somebody.send(address, **given)
    assert answer.status_code in (403, 404, 409), (address, answer.status_code)
    written = [text for text in counted.texts if not text.lstrip().startswith(("SELECT", "WITH"))]
    assert [text for text in written if "UPDATE session" not in text] == [], address
    return answer.text
