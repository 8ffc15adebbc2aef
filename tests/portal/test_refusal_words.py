"""What is wrong is said in whole sentences, with the way to the field, and pages of refusals lead back."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from api.portal.words import words_in
from steadydesk.contracts.audit_views import SecurityEventKind
from steadydesk.contracts.directory import NewPerson
from steadydesk.errors import Problem
from steadydesk.records.directory import add_person
from steadydesk.records.directory_events import installation
from steadydesk.records.outbox import Message, post
from steadydesk.records.tables.delivery import in_app
from tests.portal.orders import ACCESS, entries, fill, once
from tests.portal.visitors import ORIGIN, Visitor, tags, visitor
from tests.support.api_desk import ApiDesk
from tests.support.demo_organisation import demo_data

DU = re.compile(r"\b(du|dein\w*|dir|dich|euch|euer\w*|eure\w*)\b", re.IGNORECASE)


def texts_in(part: Any, language: str) -> list[str]:
    if isinstance(part, dict):
        own = [part[language]] if isinstance(part.get(language), str) else []
        return own + [text for each in part.values() for text in texts_in(each, language)]
    return [text for each in part for text in texts_in(each, language)] if isinstance(part, list) else []


def test_germans_are_addressed_with_sie() -> None:
    of_pages = list(words_in("de").texts.values())
    of_demo = texts_in(demo_data(), "de")
    assert len(of_demo) > 100
    assert any("Ihre Bestellung" in text for text in of_demo), "mails are among them"
    assert [text for text in of_pages + of_demo if DU.search(text)] == []
    assert DU.search("Was du tun kannst")


@pytest.mark.parametrize(
    ("language", "label", "message", "sentence"),
    [
        ("en", "Application", "is required", "Application is required."),
        ("de", "Anwendung", "is required", "Anwendung fehlt noch."),
        ("en", "Why do you need it?", "is required", "“Why do you need it?” is required."),
        ("en", "Quantity", "at most 5", "Quantity: at most 5."),
        ("de", "Besitzer", "the directory has no person with this user name", "Besitzer: "),
        ("de", "Besitzer", "this person has left", "Besitzer: diese Person ist nicht mehr da"),
    ],
)
def test_a_fault_is_a_sentence_about_its_field(
    language: str, label: str, message: str, sentence: str
) -> None:
    assert words_in(language).sentence([Problem("/x", message)], label).startswith(sentence)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", SecurityEventKind)
def test_each_kind_of_security_event_has_words(kind: SecurityEventKind, language: str) -> None:
    assert f"operations.security_{kind.value}" in words_in(language).texts


async def test_the_form_says_how_many_answers_are_wrong_and_leads_to_each(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        answer = await fill(rita, "application-access", {"v.level": "write", "v.until": "soon"})
        notice = answer.text[answer.text.index('id="problems-order"') :].split("</div></div>")[0]
        assert "3 answers are missing or wrong" in notice
        assert "Application is required." in notice
        led_to = re.findall(r'href="#([^"]+)"', notice)
        ids = {attributes.get("id") for _, attributes in tags(answer.text)}
        assert len(led_to) == 3
        assert set(led_to) <= ids
        assert "Invalid input" not in answer.text
    async with visitor(portal, "ralf.requester") as ralf:
        german = await fill(ralf, "virtual-machine", {"v.size": "small", "v.system": "debian", "v.name": "x"})
        assert "1 Angabe fehlt oder stimmt nicht" in german.text
        assert "am Anfang ein Buchstabe" in german.text, "the expected form stands at the field"


async def name_of(portal: ApiDesk, user_name: str) -> str:
    identity = await portal.person(user_name)
    return (await portal.get("rita.requester", f"/people/{identity}"))["name"]


async def test_a_full_name_is_taken_where_one_person_has_it(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        name = await name_of(portal, "ralf.requester")
        answers = {"v.address": "by-name", "v.owner": f" {name.upper()} "}
        assert (await fill(rita, "mailing-list", answers)).status_code == 303
        html = await rita.page("/basket")
        assert name in html
        sent = await rita.send(
            "/basket", entry=entries(html), once=once(html, "basket"), requested_for="Nobody Here"
        )
        assert sent.status_code == 422
        author = installation(datetime.now(UTC))
        async with portal.services.engine.begin() as connection:
            for number in (1, 2):
                twin = NewPerson(
                    user_name=f"twin.{number}", name="Toni Twin", email=f"twin{number}@example.org"
                )
                await add_person(connection, twin, author)
        several = await fill(rita, "mailing-list", {**answers, "v.owner": "toni twin"})
        assert several.status_code == 422
        assert "several people have this name" in several.text
        assert "no person with this user name" not in several.text


async def test_a_wrong_file_and_a_wrong_field_are_said_together(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        await fill(rita, "application-access", ACCESS)
        html = await rita.page("/basket")
        given = {"entry": entries(html), "once": once(html, "basket"), "note": "Kept as typed"}
        answer = await rita.send(
            "/basket",
            files={"file-0": ("empty.txt", b"", "text/plain")},
            requested_for="nobody.here",
            **given,
        )
        assert answer.status_code == 422
        assert "2 answers are missing or wrong" in answer.text
        assert "the file is empty" in answer.text
        assert "the directory has no such person" in answer.text
        assert "Kept as typed" in answer.text
        limit = portal.services.settings.attachment_limit_bytes
        large = {"file-1": ("large.txt", b"x" * (limit + 1), "text/plain")}
        refused = await rita.send("/basket", files=large, **given)
        assert "the file is too large; it may have 21 MB" in refused.text


async def test_a_file_field_says_its_limit(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "vpn-access", device="laptop"))["number"]
    async with visitor(portal, "rita.requester") as rita:
        html = await rita.page(f"/records/{number}")
        assert "At most 21 MB" in html
        field = next(a for _, a in tags(html) if a.get("id") == "attach-file")
        assert field["data-limit"] == str(portal.services.settings.attachment_limit_bytes)
        empty = await rita.send(
            f"/records/{number}/attachments", files={"file": ("empty.txt", b"", "text/plain")}
        )
        assert empty.status_code == 422
        assert 'id="attach-file-error"' in empty.text
        large = await rita.client.post(
            f"/records/{number}/attachments",
            content=b"x",
            headers={"Content-Length": "99000000", "Accept": "text/html", "Origin": ORIGIN},
        )
        assert large.status_code == 413
        assert "21 MB are taken" in large.text
        assert "The Back key of your browser leads to the form" in large.text
        assert "Begin anew, with an empty form" in large.text
        assert "99000000" not in large.text


async def refused(browser: Visitor, path: str, came_from: str | None = None) -> str:
    answer = await browser.open(path, **({"Referer": f"{ORIGIN}{came_from}"} if came_from else {}))
    assert answer.status_code >= 400
    return answer.text[answer.text.index("<main") :]


async def test_pages_of_refusals_lead_back_to_where_one_was(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "vpn-access", device="laptop"))["number"]
    async with visitor(portal, "rita.requester") as rita:
        extend = f"/records/{number}/extend"
        moved_on = await refused(rita, extend)
        assert "Not possible now" in moved_on
        assert "it has moved on, or it is not yours to change" in moved_on
        assert f'href="/records/{number}"' in moved_on
        assert 'href="/requests?whose=mine"' in await refused(rita, extend, "/requests?whose=mine")
        assert 'href="/requests"' in await refused(rita, "/records/REQ9999999")
        assert 'href="/catalog"' in await refused(rita, "/catalog/nothing-like-it")
        elsewhere = await rita.open(extend, Referer="https://evil.example/requests")
        assert "evil.example" not in elsewhere.text
        assert "The reason is below" not in moved_on + elsewhere.text


async def test_pages_of_refusals_keep_the_count_and_the_ways(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "vpn-access", device="laptop"))["number"]
    person, now = await portal.person("rita.requester"), portal.services.clock()
    message = Message(
        id="test:count", event="request.opened", number=number, audience=[f"p:{person}"], facts={}, at=now
    )
    row = {"person": person, "outbox_id": message.id, "event": message.event, "number": number, "at": now}
    async with portal.services.engine.begin() as connection:
        await post(connection, [message])
        await connection.execute(in_app.insert().values(**row))
    async with visitor(portal, "rita.requester") as rita:
        shown = _bell(await rita.page("/"))
        assert "1 unread notification" in shown
        for path in (
            "/nothing-here",
            "/records/REQ9999999",
            f"/records/{number}/extend",
            "/requests?which=x",
        ):
            assert _bell((await rita.open(path)).text) == shown, path


def _bell(html: str) -> str:
    bell = html[html.index('<a class="bell"') :].split("</a>", maxsplit=1)[0]
    return re.sub(r"<[^>]+>", " ", bell).strip()


@pytest.mark.parametrize("way", ["cancel", "change", "recall"])
async def test_the_pages_of_a_closed_request_say_so_and_offer_to_order_again(
    portal: ApiDesk, way: str
) -> None:
    asked = {name.removeprefix("v."): value for name, value in ACCESS.items()}
    number = (await portal.order("rita.requester", "application-access", **asked))["number"]
    sent = await portal.call("rita.requester", "POST", f"/requests/{number}/cancel", {"reason": "Late"})
    assert sent.status_code == 200, sent.text
    async with visitor(portal, "rita.requester") as rita:
        text = await refused(rita, f"/records/{number}/{way}")
        assert f'href="/records/{number}/follow-up"' in text
        assert "it has moved on" not in text
