"""What was granted is ended on a page that says first what is taken back: by who holds or ordered it, or its owner."""

from typing import Any

import pytest

from activities.grant import GrantActivities
from activities.registry import GRANTS
from activities.transition import Transitions
from steadydesk.contracts.request_commands import OutcomeKind, Tick
from steadydesk.records.tables.grant import grant_register
from tests.portal.test_timeline import ACCESS, approve_all, report
from tests.portal.visitors import Visitor, field_of, statements, visitor
from tests.support.api_desk import ApiDesk
from tests.support.quiet import Quiet
from tests.support.refusals import refused as assert_refused


@pytest.fixture
async def just_given(portal: ApiDesk) -> tuple[str, str]:
    """The number of a request of Rita's, and of the access that it gave her and has not handed over yet."""
    number = (await portal.order("rita.requester", "application-access", **ACCESS))["number"]
    await approve_all(portal, number)
    await report(portal, number, OutcomeKind.DONE)
    [grant] = [one for one in (await register(portal)) if one["request"] == number]
    return number, grant["number"]


@pytest.fixture
async def granted(portal: ApiDesk, just_given: tuple[str, str]) -> tuple[str, str]:
    """The same, handed over to the grant's own process."""
    grants = GrantActivities(Transitions(GRANTS, portal.services.engine, Quiet()))
    await grants.open_grant(Tick(number=just_given[1], step="open", at=portal.services.clock(), run="run"))
    return just_given


async def register(portal: ApiDesk) -> list[dict[str, str]]:
    return (await portal.get("rita.requester", "/grants?mine=true&limit=200"))["items"]


def way(number: str, grant: str) -> str:
    return f"/records/{number}/revoke?grant={grant}"


@pytest.mark.parametrize(
    ("who", "button", "title"),
    [
        ("rita.requester", "Give back", "Give back “Access to an application”"),
        ("ines.itlead", "End it", "End “Access to an application”"),
    ],
)
async def test_who_holds_it_and_its_owner_end_it(
    portal: ApiDesk, granted: tuple[str, str], who: str, button: str, title: str
) -> None:
    number, grant = granted
    async with visitor(portal, who) as browser:
        assert f'href="{way(number, grant)}">{button}</a>' in await browser.page(f"/records/{number}")
        with statements(portal) as counted:
            html = await browser.page(way(number, grant))
        assert counted.count <= 5
        assert f"<h1>{title}</h1>" in html
        assert '<li>Access to an application <span class="small">automatically</span></li>' in html
        assert "Rita Reed" in html
        assert "until 31 Mar 2031" in html
        assert (await forged(browser, number, grant)).status_code == 403
        assert (await portal.get("rita.requester", f"/grants/{grant}"))["state"] == "active"
        await browser.page(way(number, grant))
        answer = await browser.send(f"/records/{number}/revoke", grant=grant, reason="The year is closed.")
        assert answer.headers["location"] == f"/records/{number}?done=revoke#{grant}"
        assert way(number, grant) not in await browser.page(f"/records/{number}")
        assert (await browser.open(way(number, grant))).status_code == 409
    assert (await portal.get("rita.requester", f"/grants/{grant}"))["state"] == "revoking"


async def forged(browser: Visitor, number: str, grant: str) -> Any:
    return await browser.send(f"/records/{number}/revoke", grant=grant, origin="https://evil.example")


@pytest.mark.parametrize(("who", "status"), [("mona.manager", 409), ("ingo.it", 409), ("felix.finance", 404)])
async def test_others_have_no_button_and_are_refused(
    portal: ApiDesk, granted: tuple[str, str], who: str, status: int
) -> None:
    number, grant = granted
    async with visitor(portal, who) as browser:
        assert "/revoke" not in (await browser.open(f"/records/{number}")).text
        assert (await browser.open(way(number, grant))).status_code == status
        refused = await browser.send(f"/records/{number}/revoke", grant=grant)
        assert refused.status_code in (403, 404)
    assert (await portal.get("rita.requester", f"/grants/{grant}"))["state"] == "active"


async def test_a_form_that_is_sent_twice_ends_it_once(portal: ApiDesk, granted: tuple[str, str]) -> None:
    number, grant = granted
    async with visitor(portal, "rita.requester") as rita:
        html = await rita.page(way(number, grant))
        given = {name: field_of(html, name) for name in ("grant", "once", "version")}
        answers = [await rita.send(f"/records/{number}/revoke", **given, reason="Over") for _ in range(2)]
        other = await rita.send(f"/records/{number}/revoke", **given | {"once": "another"}, reason="Over")
    assert [one.headers.get("location") for one in answers] == [f"/records/{number}?done=revoke#{grant}"] * 2
    assert other.status_code in (409, 412)
    assert "Over</textarea>" in other.text


async def test_what_has_moved_on_meanwhile_is_shown_again(portal: ApiDesk, granted: tuple[str, str]) -> None:
    number, grant = granted
    async with visitor(portal, "rita.requester") as rita:
        await rita.page(way(number, grant))
        late = await rita.send(f"/records/{number}/revoke", grant=grant, version="99")
        assert late.status_code == 412
        assert f'value="{grant}"' in late.text
        assert (await rita.open(f"/records/{number}/revoke?grant=GRA9999999")).status_code == 404


async def test_a_refused_extension_says_where(portal: ApiDesk, granted: tuple[str, str]) -> None:
    number, grant = granted
    path = f"/requests/{number}/extend"
    for body, pointer in (
        ({"until": "9999-12-31"}, "/until"),
        ({"until": "2031-03-30"}, "/until"),
        ({"until": "2032-03-31", "grant": "GRA9999999"}, "/grant"),
    ):
        answer = await portal.call("rita.requester", "POST", path, body)
        assert_refused(answer, 422, "invalid-input", pointer)
    async with visitor(portal, "rita.requester") as rita:
        await rita.page(f"/records/{number}/extend")
        again = await rita.send(f"/records/{number}/extend", grant=grant, until="9999-12-31")
        assert (again.status_code, 'id="extend-until-error"' in again.text) == (422, True)
    nothing = (await portal.order("rita.requester", "new-laptop", model="light"))["number"]
    answer = await portal.call(
        "rita.requester", "POST", f"/requests/{nothing}/extend", {"until": "2031-03-31"}
    )
    assert_refused(answer, 409, "invalid-transition")


async def test_a_grant_is_no_request_nor_the_reverse(portal: ApiDesk, granted: tuple[str, str]) -> None:
    """Each has commands and a document of its own."""
    number, grant = granted
    for method, path in (
        ("GET", f"/requests/{grant}"),
        ("POST", f"/requests/{grant}/cancel"),
        ("POST", f"/requests/{grant}/recall"),
        ("POST", f"/grants/{number}/revoke"),
    ):
        answer = await portal.call("rita.requester", method, path, {} if method == "POST" else None)
        assert (answer.status_code, path) == (404, path)
    async with visitor(portal, "rita.requester") as rita:
        for page in ("cancel", "recall", "change", "extend", f"revoke?grant={grant}"):
            assert ((await rita.open(f"/records/{grant}/{page}")).status_code, page) == (404, page)
        for page in (f"/people-operations/{grant}", f"/approvals/{grant}-G1"):
            assert ((await rita.open(page)).status_code, page) == (404, page)
        await rita.page("/")
        for form in ("comments", "answer", "watch", "survey", "voice", "cancel", "revoke"):
            answer = await rita.send(f"/records/{grant}/{form}", grant=grant, text="Hello")
            assert (answer.status_code, form) == (404, form)


@pytest.mark.parametrize(
    ("who", "status", "refusal", "words"),
    [
        ("rita.requester", 409, "invalid-transition", "cancel that order to have it taken back"),
        ("mona.manager", 403, "not-allowed", "not yours to do: revoke"),
        ("felix.finance", 404, "unknown-record", ""),
    ],
)
async def test_what_an_order_under_way_gave_goes_back_with_that_order(
    portal: ApiDesk, just_given: tuple[str, str], who: str, status: int, refusal: str, words: str
) -> None:
    number, grant = just_given
    answer = await portal.call(who, "POST", f"/grants/{grant}/revoke", {})
    assert_refused(answer, status, refusal)
    assert words in answer.json()["detail"]
    assert answer.json().get("request") == (number if status == 409 else None)
    async with visitor(portal, who) as browser:
        opened = await browser.open(way(number, grant))
        assert opened.status_code == status
        assert words in opened.text or status != 409


@pytest.mark.parametrize(
    ("state", "words"),
    [("revoked", "has ended: nothing is left"), ("left", "has ended: nothing is left")],
)
async def test_the_pages_say_that_it_has_ended(
    portal: ApiDesk, just_given: tuple[str, str], state: str, words: str
) -> None:
    number, grant = just_given
    async with portal.services.engine.begin() as connection:
        ended = grant_register.update().where(grant_register.c.number == grant)
        await connection.execute(ended.values(state=state))
    assert_refused(
        await portal.call("rita.requester", "POST", f"/grants/{grant}/revoke", {}), 409, "invalid-transition"
    )
    async with visitor(portal, "rita.requester") as rita:
        assert words in (await rita.open(way(number, grant))).text
        refused = await rita.open(f"/records/{number}/extend")
        assert (refused.status_code, "What was granted has ended" in refused.text) == (409, True)
