"""One's own account: settings, delegations, absence, tokens, sessions and what reaches one how."""

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from api.portal.browsers import browser_words
from steadydesk.contracts.identity import Scope
from steadydesk.policies.written_date import written_day
from steadydesk.records.identity import SIGN_IN_LABEL, issue
from steadydesk.records.outbox import Message, post
from steadydesk.records.tables.delivery import in_app
from tests.portal.visitors import PASSWORD, Visitor, statements, tags, visitor
from tests.support.api_desk import ApiDesk

PAGES = (
    "/profile",
    "/profile/messages",
    "/profile/delegations",
    "/profile/tokens",
    "/profile/sessions",
    "/notifications",
)


@pytest.fixture
async def olga(portal: ApiDesk) -> AsyncIterator[Visitor]:
    async with visitor(portal, "olga.operator") as somebody:
        yield somebody


def day(portal: ApiDesk, ahead: int) -> str:
    return (portal.services.clock() + timedelta(days=ahead)).date().isoformat()


@pytest.mark.parametrize("path", PAGES)
async def test_each_page_stands_with_few_statements(portal: ApiDesk, olga: Visitor, path: str) -> None:
    await olga.page("/profile/delegations")
    with statements(portal) as counted:
        html = await olga.page(path)
    assert counted.count <= 5, "\n\n".join(counted.texts)
    assert sum(tag == "h1" for tag, _ in tags(html)) == 1


async def test_language_and_zone_hold_from_the_next_page_on(portal: ApiDesk) -> None:
    async with visitor(portal, "bert.budget") as bert:
        await bert.page("/profile")
        answer = await bert.send("/profile", language="de", zone="Asia/Tokyo")
        assert answer.headers["location"] == "/profile?done=profile"
        html = await bert.page("/profile?done=profile")
        assert '<html lang="de"' in html
        assert "Ihre Einstellungen sind gespeichert." in html
        assert '<option value="Asia/Tokyo" selected>' in html
        wrong = await bert.send("/profile", language="de", zone="Europe")
        assert wrong.status_code == 422
        assert 'id="profile-zone-error"' in wrong.text
        stale = await bert.send("/profile", language="en", zone="UTC", version="1")
        assert stale.status_code == 412
        await bert.send("/profile", language="en", zone="America/New_York")


def shown_day(portal: ApiDesk, ahead: int) -> str:
    """As an English page writes it."""
    at = date.fromisoformat(day(portal, ahead))
    return f"{at.day} {at:%b} {at.year}"


async def test_a_delegation_is_made_for_whole_days_and_ended(portal: ApiDesk, olga: Visitor) -> None:
    async with visitor(portal, "hanna.hr") as hanna:
        await olga.page("/profile/delegations")
        dates = {"begins": day(portal, 0), "ends": day(portal, 2)}
        nobody = await olga.send("/profile/delegations", delegate="nobody.here", **dates)
        assert nobody.status_code == 422
        assert 'id="delegation-delegate-error"' in nobody.text
        over = await olga.send(
            "/profile/delegations", delegate="hanna.hr", begins=day(portal, 2), ends=day(portal, 0)
        )
        assert 'id="delegation-ends-error"' in over.text
        made = await olga.send("/profile/delegations", delegate="hanna.hr", policies=["access"], **dates)
        assert made.status_code == 303, made.text
        given = await portal.get("olga.operator", "/delegations")
        assert given[0]["policies"] == ["access"]
        assert given[0]["ends_at"].endswith("T23:00:00Z") or given[0]["ends_at"].endswith("T22:00:00Z")
        html = await hanna.page("/profile/delegations")
        assert "Olga Oster" in html
        own = await olga.page("/profile/delegations")
        assert f"{shown_day(portal, 0)} \N{EN DASH} {shown_day(portal, 2)}" in own
        ended = await hanna.send(f"/profile/delegations/{given[0]['id']}/end")
        assert ended.status_code == 303
        assert await portal.get("olga.operator", "/delegations") == []


async def test_an_absence_is_entered_and_removed(portal: ApiDesk, olga: Visitor) -> None:
    await olga.page("/profile/delegations")
    entered = await olga.send("/profile/absences", away_from=day(portal, 1), away_until=day(portal, 3))
    assert entered.status_code == 303
    html = await olga.page("/profile/delegations")
    found = re.search(r'action="(/profile/absences/[^"]+/end)"', html)
    assert found
    assert (await olga.send(found[1])).status_code == 303
    assert (await olga.send(found[1])).status_code == 404


async def test_a_token_is_shown_once_and_ends(portal: ApiDesk, olga: Visitor) -> None:
    await olga.page("/profile/tokens")
    empty = await olga.send("/profile/tokens", label="Reports")
    assert empty.status_code == 422
    assert "scopes" in empty.text
    made = await olga.send("/profile/tokens", label="Reports", scopes=["read"], expires=day(portal, 30))
    found = re.search(r"sdk_[A-Za-z0-9_-]+", made.text)
    assert found
    headers = {"Authorization": f"Bearer {found[0]}"}
    assert (await portal.client.get("/api/v1/me", headers=headers)).status_code == 200
    html = await olga.page("/profile/tokens")
    assert found[0] not in html
    last = date.fromisoformat(day(portal, 30))
    assert "good until <time" in html
    assert f">{written_day(last, 'en')}</time>" in html, "the last day that was given"
    end = re.search(r'href="(/profile/tokens/[^"]+/end)"', html)
    assert end
    with statements(portal) as counted:
        asked = await olga.page(end[1])
    assert counted.count <= 5
    assert "Reports" in asked
    assert (await portal.client.get("/api/v1/me", headers=headers)).status_code == 200, "asked first"
    assert (await olga.send(end[1])).status_code == 303
    assert (await olga.open(end[1])).status_code == 404
    assert (await portal.client.get("/api/v1/me", headers=headers)).status_code == 401


async def test_a_token_of_a_sign_in_is_called_the_same_everywhere(portal: ApiDesk, olga: Visitor) -> None:
    async with portal.services.engine.begin() as connection:
        person, now = await portal.person("olga.operator"), portal.services.clock()
        made = await issue(connection, person, SIGN_IN_LABEL, [Scope.READ], None, now)
    html = await olga.page("/profile/tokens")
    assert 'End<span class="hidden">: Signed in at the API</span>' in html
    assert "“Signed in at the API”" in await olga.page(f"/profile/tokens/{made.details.id}/end")


async def test_a_token_may_do_what_its_maker_may(portal: ApiDesk, olga: Visitor) -> None:
    async with visitor(portal, "rita.requester") as rita:
        pages = [await who.page("/profile/tokens") for who in (rita, olga)]
    requester, operator = (set(re.findall(r'name="scopes" value="([a-z-]+)"', html)) for html in pages)
    assert requester == {"read", "order", "decide", "directory"}
    assert "operate" in operator
    assert "configure" not in operator


async def test_other_sessions_end_and_this_one_goes_on(portal: ApiDesk, olga: Visitor) -> None:
    async with (
        visitor(portal, "olga.operator") as phone,
        visitor(portal, "olga.operator") as tablet,
        visitor(portal, "hanna.hr") as hanna,
    ):
        html = await olga.page("/profile/sessions")
        one = re.findall(r'href="(/profile/sessions/s_[^"]+/end)"', html)
        assert len(one) >= 2
        await hanna.page("/profile/sessions")
        assert (await hanna.open(one[0])).status_code == 404
        await hanna.page("/profile/sessions")
        assert (await hanna.send(one[0])).status_code == 404
        assert f'action="{one[0]}"' in await olga.page(one[0])
        asked = await olga.page("/profile/sessions/others/end")
        assert asked.count('class="row"') >= 2
        assert (await phone.open("/profile")).status_code == 200
        assert (await olga.send("/profile/sessions/others/end")).status_code == 303
        for gone in (phone, tablet):
            assert (await gone.open("/profile")).headers["location"].startswith("/sign-in")
        assert "This browser" in await olga.page("/profile/sessions")


async def test_a_password_is_changed_with_the_old_one(olga: Visitor) -> None:
    await olga.page("/profile")
    fresh = "another long password"
    wrong = await olga.send("/profile/password", old="wrong", new=fresh, again=fresh)
    assert wrong.status_code == 401
    assert fresh not in wrong.text
    differs = await olga.send("/profile/password", old=PASSWORD, new=fresh, again="x")
    assert 'id="password-again-error"' in differs.text
    changed = await olga.send("/profile/password", old=PASSWORD, new=fresh, again=fresh)
    assert changed.headers["location"] == "/profile?done=password"
    await olga.page("/profile")


async def test_choices_of_messages_are_kept(portal: ApiDesk, olga: Visitor) -> None:
    html = await olga.page("/profile/messages")
    events = re.findall(r'name="mail" value="([^"]+)"[^>]* checked>', html)
    left = [event for event in events if event != "request.opened"]
    sent = await olga.send("/profile/messages", mail=left, in_app=["*", *events])
    assert sent.headers["location"] == "/profile/messages?done=messages"
    kept = await portal.get("olga.operator", "/notifications/preferences")
    assert {"event": "request.opened", "channel": "mail", "wanted": False} in kept["preferences"]
    assert not any(line["event"].startswith("delegation.") for line in kept["preferences"])
    html = await olga.page("/profile/messages")
    assert 'value="request.opened" aria-label="Order received: Mail">' in html


async def test_notifications_lead_to_their_record_and_are_read(portal: ApiDesk, olga: Visitor) -> None:
    number = (await portal.order("olga.operator", "vpn-access", device="laptop"))["number"]
    person, now = await portal.person("olga.operator"), portal.services.clock()
    async with portal.services.engine.begin() as connection:
        for event in ("request.opened", "request.completed"):
            message = Message(
                id=f"test:{event}", event=event, number=number, audience=[f"p:{person}"], facts={}, at=now
            )
            await post(connection, [message])
            row = {"person": person, "outbox_id": message.id, "event": event, "number": number, "at": now}
            await connection.execute(in_app.insert().values(**row))
    html = await olga.page("/notifications?show=unread")
    opens = re.findall(r'action="(/notifications/\d+/read)" class="form inline" data-form="open"', html)
    assert len(opens) == 2
    assert 'class="count" aria-hidden="true">2<' in html
    answer = await olga.send(opens[0], next=f"/records/{number}")
    assert answer.headers["location"] == f"/records/{number}"
    outside = await olga.send(opens[0], next="//evil.example/")
    assert outside.headers["location"] == "/"
    html = await olga.page("/notifications?show=unread")
    assert 'class="count" aria-hidden="true">1<' in html
    newest = re.search(r'name="newest" value="(\d+)"', html)
    assert newest
    await olga.send("/notifications/all/read", newest=newest[1])
    assert "You have read everything" in await olga.page("/notifications?show=unread")
    async with visitor(portal, "hanna.hr") as hanna:
        await hanna.page("/notifications")
        assert (await hanna.send(opens[0])).status_code == 404


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox, Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (Macintosh; Mac OS X 10_15_7) Chrome/150.0 Safari/537.36 Edg/150.0", "Edge, macOS"),
        ("curl/8.9", "curl/8.9"),
        ("", ""),
    ],
)
def test_a_browser_is_named_as_people_know_it(agent: str, words: str) -> None:
    assert browser_words(agent) == words
