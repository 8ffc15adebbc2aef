"""A closed request is ordered again: from its page or from a refusal, through form and basket, to the new one."""

import re
from typing import Any

import pytest
from sqlalchemy import delete

from steadydesk.records.tables.process import sight
from tests.portal.orders import entries, fill, once
from tests.portal.visitors import Visitor, statements, tags, visitor
from tests.support.api_desk import ApiDesk

RITA, RALF = "rita.requester", "ralf.requester"
LAPTOP: dict[str, Any] = {"item": "new-laptop", "variables": {"model": "light"}}
TALK: dict[str, Any] = {"item": "hr-conversation", "variables": {"topic": "health"}}
ACCESS: dict[str, Any] = {
    "item": "application-access",
    "variables": {"application": "ledger", "level": "write", "until": "2030-03-31", "reason": "Closing"},
}


async def closed(portal: ApiDesk, who: str, *items: dict[str, Any]) -> str:
    number = (await portal.post(who, "/requests", {"items": items}))["number"]
    await portal.post(who, f"/requests/{number}/cancel", {})
    return number


async def chosen(browser: Visitor, address: str, **answers: str) -> Any:
    """Fill in the form at the address as it is there, hidden fields included."""
    html = await browser.page(address)
    hidden = [of for tag, of in tags(html) if tag == "input" and of.get("name") == "follows"]
    given = {"follows": hidden[0]["value"]} if hidden else {}
    answers = {name.replace("__", "."): value for name, value in answers.items()}
    return await browser.send(
        address.partition("?")[0], once=once(html, "order"), quantity="1", **given, **answers
    )


async def sent(browser: Visitor) -> list[str]:
    """The numbers of the orders that the basket became."""
    html = await browser.page("/basket")
    answer = await browser.send("/basket", entry=entries(html), once=once(html, "basket"))
    assert answer.status_code == 303, answer.text[:3000]
    return re.findall(r"REQ\d+", answer.headers["location"])


async def test_the_page_of_a_closed_request_leads_to_its_follow_up(portal: ApiDesk) -> None:
    number = await closed(portal, RITA, LAPTOP)
    async with visitor(portal, RITA) as rita:
        assert f'href="/records/{number}/follow-up"' in await rita.page(f"/records/{number}")
        there = (await rita.open(f"/records/{number}/follow-up")).headers["location"]
        assert there == f"/catalog/new-laptop?follows={number}"
        assert (await chosen(rita, there)).status_code == 422, "the model is missing"
        assert (await chosen(rita, there, v__model="light")).status_code == 303
        html = await rita.page("/basket")
        assert f'Follow-up to <a class="number" href="/records/{number}">' in html
        [follow_up] = await sent(rita)
        with statements(portal) as counted:
            html = await rita.page(f"/records/{follow_up}")
        assert counted.count <= 5, "\n\n".join(counted.texts)
        assert f'Follow-up to <a class="number" href="/records/{number}">' in html
        assert "Order again" not in html
        html = await rita.page(f"/records/{number}")
        assert f'Followed up by <a class="number" href="/records/{follow_up}">' in html
    view = await portal.get(RITA, f"/requests/{follow_up}")
    assert (view["follows"], view["items"][0]["item"]) == (number, "new-laptop")


async def test_what_was_left_blank_does_not_lose_what_is_followed(portal: ApiDesk) -> None:
    """The refused form has it still; so has what is changed in the basket."""
    number = await closed(portal, RITA, LAPTOP)
    async with visitor(portal, RITA) as rita:
        refused = await chosen(rita, f"/catalog/new-laptop?follows={number}")
        assert f'name="follows" value="{number}"' in refused.text
        await chosen(rita, f"/catalog/new-laptop?follows={number}", v__model="light")
        [ref] = entries(await rita.page("/basket"))
        assert f'name="follows" value="{number}"' in await rita.page(f"/catalog/new-laptop?entry={ref}")


async def test_a_refused_command_leads_there_too(portal: ApiDesk) -> None:
    number = (await portal.post(RALF, "/requests", {"items": [LAPTOP]}))["number"]
    async with visitor(portal, RALF) as ralf:
        await ralf.page(f"/records/{number}")
        await portal.post(RALF, f"/requests/{number}/cancel", {})
        late = await ralf.send(f"/records/{number}/cancel")
        assert late.status_code == 409
        words = f"Erneut bestellen, als Folge von {number}"
        assert f'<a href="/records/{number}/follow-up">{words}</a>' in late.text


async def test_of_several_items_the_catalogue_asks_which(portal: ApiDesk) -> None:
    number = await closed(portal, RITA, LAPTOP, ACCESS)
    async with visitor(portal, RITA) as rita:
        there = (await rita.open(f"/records/{number}/follow-up")).headers["location"]
        assert there == f"/catalog?follows={number}"
        html = await rita.page(there)
        assert f'href="/catalog/new-laptop?follows={number}"' in html
        led_to = [
            of["href"] or "" for tag, of in tags(html) if tag == "a" and "/catalog?" in (of.get("href") or "")
        ]
        assert led_to
        assert all(f"follows={number}" in address for address in led_to)
        assert f'name="follows" value="{number}"' in html


async def test_what_follows_goes_as_an_order_of_its_own(portal: ApiDesk) -> None:
    number = await closed(portal, RITA, LAPTOP)
    async with visitor(portal, RITA) as rita:
        await chosen(rita, f"/catalog/new-laptop?follows={number}", v__model="light")
        await fill(rita, "vpn-access", {"v.device": "laptop"})
        assert "2 orders are sent: what takes up" in await rita.page("/basket")
        numbers = await sent(rita)
    views = [await portal.get(RITA, f"/requests/{each}") for each in numbers]
    assert [(view["items"][0]["item"], view["follows"]) for view in views] == [
        ("new-laptop", number),
        ("vpn-access", None),
    ]


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (RALF, " ist noch offen: Schreiben Sie dort"),
        ("helga.hrlead", ": es gibt diesen Vorgang nicht, oder Sie dürfen"),
    ],
)
async def test_what_cannot_be_followed_is_said_at_the_form(portal: ApiDesk, of: str, words: str) -> None:
    number = (await portal.post(of, "/requests", {"items": [TALK]}))["number"]
    async with visitor(portal, RALF) as ralf:
        answer = await chosen(ralf, f"/catalog/new-laptop?follows={number}", v__model="light")
        assert answer.status_code == 422
        assert f'<a href="#order-follows">{number}{words}' in answer.text
        there = await ralf.open(f"/records/{number}/follow-up")
        assert there.headers.get("location") == (f"/records/{number}" if of == RALF else None)


async def test_what_is_not_seen_any_more_is_said_at_its_item_in_the_basket(portal: ApiDesk) -> None:
    number = await closed(portal, RALF, LAPTOP)
    async with visitor(portal, RALF) as ralf:
        await fill(ralf, "vpn-access", {"v.device": "laptop"})
        await chosen(ralf, f"/catalog/new-laptop?follows={number}", v__model="light")
        async with portal.services.engine.begin() as connection:
            await connection.execute(delete(sight).where(sight.c.number == number))
        html = await ralf.page("/basket")
        answer = await ralf.send("/basket", entry=entries(html), once=once(html, "basket"))
    assert answer.status_code == 422
    assert f'<a href="#line-2-follows">{number}: es gibt diesen Vorgang nicht' in answer.text
