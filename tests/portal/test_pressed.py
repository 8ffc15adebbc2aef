"""A button of a page whose session is over: nothing is done, and after the sign-in its page says so."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from api.metrics import PREFIX
from api.portal.typed_form import KEPT_FIELD, NOT_TYPED, SHOWN_FIELD
from tests.portal.test_form_ended import begin_anew, end, ordered
from tests.portal.visitors import ORIGIN, PASSWORD, Visitor, field_of, statements, visitor
from tests.support.api_desk import ApiDesk
from tests.support.stacks import REPOSITORY

NOTE = "Not done: your session had ended"
PAGES = {
    "/records/{number}/watch": "/records/{number}",
    "/tasks/{number}/take": "/tasks/{number}",
    "/tasks/{number}/sensitive": "/tasks/{number}",
    "/tasks/next": "/tasks",
    "/basket/remove": "/basket",
    "/theme": "/",
    "/notifications/all/read": "/notifications",
    "/profile/delegations/{delegation}/end": "/profile/delegations",
    "/profile/absences/{absence}/end": "/profile",
    "/people/{person}/delegations/{delegation}/end": "/people/{person}/delegations",
    "/operations/audit": "/operations/audit",
    "/operations/deliveries/{delivery_id}/retry": "/operations/deliveries",
    "/operations/configuration/{digest}/approve": "/operations/configuration/{digest}",
}
"""Where some of them stand, as far as their addresses say it."""


def plain_buttons(portal: ApiDesk) -> Iterator[str]:
    """The routes of forms that are not shown again, but for signing in and out: who is out has what they wanted."""
    for route in iter_route_contexts(portal.app.routes):
        path = route.path or ""
        is_form = "POST" in (route.methods or ()) and not path.startswith((PREFIX, "/sign-"))
        if is_form and SHOWN_FIELD not in vars(route.endpoint or visitor):
            yield path


def filled(path: str, number: str, person: str) -> str:
    record = f"{number}-T1" if path.startswith("/tasks") else number
    return path.format_map(_Places(number=record, person=person))


class _Places(dict[str, str]):
    def __missing__(self, _: str) -> str:
        return "1"


async def press(portal: ApiDesk, browser: Visitor, path: str, **given: Any) -> str:
    """Where the answer leads; nothing is written."""
    with statements(portal) as counted:
        answer = await browser.send(path, **given)
    assert answer.status_code == 303, (path, answer.status_code, answer.text[:500])
    written = [text for text in counted.texts if not text.lstrip().startswith(("SELECT", "WITH"))]
    assert [text for text in written if "UPDATE session" not in text] == [], path
    return answer.headers["location"]


async def test_no_button_is_carried_out_without_its_session(portal: ApiDesk) -> None:
    number, person = await ordered(portal), await portal.person("ralf.requester")
    buttons = sorted(set(plain_buttons(portal)))
    assert len(buttons) > 15
    assert set(PAGES) <= set(buttons)
    async with visitor(portal, "rita.requester") as rita:
        sender = field_of(await rita.page("/"), "sender")
        rita.client.cookies.clear()
        for button in buttons:
            led_to = await press(portal, rita, filled(button, number, person), sender=sender)
            assert led_to.startswith("/sign-in?next="), button
            assert led_to.endswith("%3Fnot_done%3Dtrue"), button
            if button in PAGES:
                page = filled(PAGES[button], number, person)
                assert led_to == f"/sign-in?next={page.replace('/', '%2F')}%3Fnot_done%3Dtrue"
        signed_out = await rita.send("/sign-out", sender=sender)
        assert signed_out.headers["location"] == "/sign-in"


@pytest.mark.parametrize("is_sent", [True, False], ids=["cookie still sent", "no cookie"])
async def test_after_the_sign_in_the_page_of_the_button_says_that_it_was_not_done(
    portal: ApiDesk, is_sent: bool
) -> None:
    number = await ordered(portal)
    here = f"/records/{number}"
    async with visitor(portal, "rita.requester") as rita:
        page = await rita.page(here)
        given = {"sender": field_of(page, "sender"), "watch": "true"}
        await end(portal, rita)
        if not is_sent:
            rita.client.cookies.clear()
        rita.client.headers["Referer"] = f"{ORIGIN}{here}?done=comment"
        led_to = await press(portal, rita, f"{here}/watch", **given)
        del rita.client.headers["Referer"]
        asked = await rita.page(led_to)
        assert "What you pressed was not done" in asked
        wanted = field_of(asked, "next")
        entered = await rita.send("/sign-in", user_name="rita.requester", password=PASSWORD, next=wanted)
        assert entered.headers["location"] == f"{here}?not_done=true"
        shown = await rita.page(entered.headers["location"])
        assert NOTE in shown
        assert 'class="notice good"' not in shown
        assert NOTE not in await rita.page(here)
        assert (await rita.send(f"{here}/watch", **given)).status_code == 303


async def test_who_has_signed_in_anew_elsewhere_comes_back_to_the_page(portal: ApiDesk) -> None:
    number = await ordered(portal)
    async with visitor(portal, "rita.requester") as rita:
        sender = field_of(await rita.page(f"/records/{number}"), "sender")
        await begin_anew(rita)
        led_to = await press(portal, rita, f"/records/{number}/watch", sender=sender, watch="true")
        assert led_to == f"/records/{number}?not_done=true"
        assert NOTE in await rita.page(led_to)
        other = await portal.person("mona.manager")
        refused = await rita.send(f"/records/{number}/watch", token="stale", sender=other, watch="true")
        assert refused.status_code == 409


async def test_a_form_into_which_nothing_was_typed_is_a_button_too(portal: ApiDesk) -> None:
    """Approve without a word, start, an empty reason: nothing to keep."""
    number = await ordered(portal)
    path = f"/approvals/{number}-G1"
    async with visitor(portal, "mona.manager") as mona:
        sender = field_of(await mona.page(path), "sender")
        await end(portal, mona)
        given = {"sender": sender, "decision": "approved", "reason": " ", "version": "1", "once": "x"}
        led_to = await press(portal, mona, f"{path}/decision", **given)
        assert led_to == f"/sign-in?next={path.replace('/', '%2F')}%3Fnot_done%3Dtrue"
        typed = await mona.send(f"{path}/decision", **given | {"reason": "Why not"})
        assert f'name="{KEPT_FIELD}"' in typed.text


async def test_a_failed_form_leads_to_the_page_above_it(portal: ApiDesk) -> None:
    """Its address takes nothing but forms."""
    number = await ordered(portal)
    async with visitor(portal, "rita.requester") as rita:
        sender = field_of(await rita.page("/"), "sender")
        rita.client.cookies.clear()
        rita.client.headers["Referer"] = f"{ORIGIN}/records/{number}/comments"
        led_to = await press(portal, rita, f"/records/{number}/watch", sender=sender)
        assert led_to == f"/sign-in?next=%2Frecords%2F{number}%3Fnot_done%3Dtrue"


def test_what_pages_write_into_forms_that_are_kept_counts_as_nothing_typed() -> None:
    """Hidden fields and named buttons of forms that are shown again."""
    found: set[str] = set()
    for path in (REPOSITORY / "api" / "portal" / "templates").rglob("*.html"):
        if path.parent.name in ("approvals", "work", "record") or path.name in ("item.html", "basket.html"):
            text = path.read_text(encoding="utf-8")
            found |= set(re.findall(r'<button[^>]* name="(\w+)"|<input type="hidden" name="(\w+)"', text))
    names = {first or second for first, second in found}
    by_get_or_plain = {"watch", "whose", "group", "sort", "view"}
    assert {"decision", "back", "entry", "line"} <= names
    assert names - by_get_or_plain <= NOT_TYPED
