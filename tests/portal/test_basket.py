"""Ordering: an item's form and its refusals, the basket looked through, one request from all of it."""

import base64
import re
from typing import Any

import pytest

from api.routes import requests
from steadydesk.errors import InvalidInput, Problem
from tests.portal.orders import ACCESS, entries, fill, once
from tests.portal.visitors import Visitor, statements, tags, visitor
from tests.support.api_desk import ApiDesk


async def test_faults_stand_at_their_fields_and_what_was_typed_stays(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        answer = await fill(
            rita, "application-access", {"v.application": "ledger", "v.level": "write", "v.until": "soon"}
        )
        assert answer.status_code == 422
        shown = {attributes.get("id"): attributes for _, attributes in tags(answer.text)}
        assert shown["order-v-until"]["aria-invalid"] == "true"
        assert shown["order-v-until"]["value"] == "soon"
        assert "must be a date as YYYY-MM-DD" in answer.text
        assert "order-v-reason-error" in shown
        assert "steadydesk-basket" not in answer.headers.get("set-cookie", "")


async def test_fields_that_other_answers_ask_for_say_when_and_count_only_then(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        page = await rita.page("/catalog/mailing-list")
        assert "Only asked for when" in page
        asked = next(a for _, a in tags(page) if a.get("data-when") == "v.open_to_outside")
        assert asked["data-when-values"] == "[true]"
        answers = {"v.address": "festival", "v.owner": "rita.requester", "v.reason": "left over"}
        assert (await fill(rita, "mailing-list", answers)).status_code == 303
        basket = await rita.page("/basket")
        assert "left over" not in basket
        needed = await fill(
            rita,
            "mailing-list",
            {"v.address": "f-two", "v.owner": "nobody.here", "v.open_to_outside": "true"},
        )
        assert needed.status_code == 422
        shown = {attributes.get("id") for _, attributes in tags(needed.text)}
        assert {"order-v-reason-error", "order-v-owner-error"} <= shown


async def test_several_items_go_as_one_order_once(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        await fill(rita, "application-access", ACCESS)
        await fill(rita, "new-laptop", {"v.model": "light", "v.accessories": ["dock", "bag"]}, quantity="2")
        html = await rita.page("/basket")
        assert "Docking station, Bag" in html
        assert "€2,800.00" in html
        refs = entries(html)
        assert len(refs) == 2
        key = once(html, "basket")
        sent = {"entry": refs, "once": key, "note": "For the new office", "requested_for": "ralf.requester"}
        first = await rita.send("/basket", **sent)
        assert first.status_code == 303, first.text[:3000]
        path = first.headers["location"]
        assert re.fullmatch(r"/records/REQ\d+\?done=order", path)
        assert (await rita.send("/basket", **sent)).headers["location"] == path
        assert "Your basket is empty" in await rita.page("/basket")
        record = await rita.page(path)
        assert "Access to an application" in record
        assert "New laptop" in record
        assert "For the new office" in record
        assert "Ralf" in record


EXPENSE = {
    "v.purpose": "Train to Hamburg",
    "v.amount": "184.5",
    "v.spent_on": "2026-01-12",
    "v.iban": "DE02120300000000202051",
}


async def two_functions(rita: Visitor) -> dict[str, Any]:
    """An item of IT and one of finance in the basket, and what sends them."""
    await fill(rita, "vpn-access", {"v.device": "laptop"})
    assert (await fill(rita, "expense-payment", EXPENSE)).status_code == 303
    html = await rita.page("/basket")
    assert "2 orders are sent" in html
    return {"entry": entries(html), "once": once(html, "basket"), "note": "Both"}


async def test_items_of_several_functions_go_as_an_order_for_each(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        sent = await two_functions(rita)
        files = {"file-0": ("plan.txt", b"a plan", "text/plain")}
        first = await rita.send("/basket", files=files, **sent)
        path = first.headers["location"]
        assert path.endswith("done=order_several"), first.text[:3000]
        numbers = re.findall(r"REQ\d+", path)
        assert (await rita.send("/basket", files=files, **sent)).headers["location"] == path
        page = await rita.page(path)
        assert all(f'href="/records/{number}"' in page for number in numbers)
        assert 'data-form="basket"' not in page
        orders = [await portal.get("rita.requester", f"/requests/{number}") for number in numbers]
        assert [[line["item"] for line in order["items"]] for order in orders] == [
            ["vpn-access"],
            ["expense-payment"],
        ]
        assert all(["plan.txt" in await rita.page(f"/records/{number}") for number in numbers])
        seen = [(await portal.call("ines.itlead", "GET", f"/requests/{n}")).status_code for n in numbers]
        assert seen == [200, 404], "an expense is finance's, whatever it was in a basket with"
    async with visitor(portal, "ralf.requester") as ralf:
        assert numbers[0] not in await ralf.page(path), "only their own orders are named"


async def test_nothing_is_ordered_where_one_of_the_orders_would_be_refused(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        sent = await two_functions(rita)
        before = await portal.get("rita.requester", "/requests?mine=true&limit=200")
        refused = await rita.send("/basket", **sent, requested_for="ralf.requester")
        assert refused.status_code == 422
        assert "cannot be ordered by you for somebody else" in refused.text
        assert await portal.get("rita.requester", "/requests?mine=true&limit=200") == before
        assert len(entries(await rita.page("/basket"))) == 2


async def test_what_was_ordered_before_a_refusal_is_named_and_out_of_the_basket(
    portal: ApiDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = requests.order

    async def changed_meanwhile(new: requests.NewRequest, *rest: Any) -> object:
        if new.items[0].item == "expense-payment":
            raise InvalidInput("no", problems=[Problem("/items/0/variables/amount", "must be at most 5")])
        return await really(new, *rest)

    async with visitor(portal, "rita.requester") as rita:
        sent = await two_functions(rita)
        with monkeypatch.context() as patched:
            patched.setattr(requests, "order", changed_meanwhile)
            refused = await rita.send("/basket", **sent)
        assert refused.status_code == 422
        assert re.search(r'Ordered: <a href="/records/REQ\d+">', refused.text)
        assert "What stands below is not ordered yet." in refused.text
        assert "must be at most 5" in refused.text
        left = entries(await rita.page("/basket"))
        assert left == entries(refused.text) == [sent["entry"][1]]
        rest = {"entry": left, "once": once(refused.text, "basket"), "note": "Both"}
        taken = await rita.send("/basket", **rest)
        assert re.fullmatch(r"/records/REQ\d+\?done=order", taken.headers["location"])


async def test_the_review_says_which_approvals_this_order_needs(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        await fill(rita, "application-access", {**ACCESS, "v.level": "read"})
        html = await rita.page("/basket")
        assert "not needed" in html
        changed = entries(html)[0]
        form = await rita.page(f"/catalog/application-access?entry={changed}")
        assert any(a.get("value") == "2030-03-31" for _, a in tags(form))
        answer = await rita.send(
            "/catalog/application-access", quantity="1", entry=changed, once="again", **ACCESS
        )
        assert answer.status_code == 303
        after = await rita.page("/basket")
        assert "not needed" not in after
        assert len(entries(after)) == 1


async def test_who_is_asked_follows_from_whom_it_is_for(portal: ApiDesk) -> None:
    async with visitor(portal, "mona.manager") as mona:
        await fill(mona, "new-laptop", {"v.model": "light", "v.holder": "ralf.requester"})
        with statements(portal) as counted:
            review = await mona.page("/basket")
        assert counted.count <= 5
        assert "the supervisor of Ralf Rabe, Mona Marsh" in review
        assert "for you" not in review
        assert 'name="requested_for"' not in review, "the item says whom it is for"
        await fill(mona, "application-access", ACCESS)
        review = await mona.page("/basket")
        assert "the supervisor of the person it is for; for you David Damm" in review
        assert 'name="requested_for"' in review
        assert "For the items that do not name anybody themselves" in review


async def test_an_order_asks_once_for_whom_it_is(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        item = await rita.page("/catalog/new-laptop")
        assert "Leave it empty for yourself." in item
        assert "you say for whom it is" not in item
        assert "you say for whom it is" in await rita.page("/catalog/application-access")
        await fill(rita, "new-laptop", {"v.model": "light"})
        review = await rita.page("/basket")
        assert "Rita" in review[review.index("line-1") :], "the item's own answer"
        assert 'name="requested_for"' not in review
        await fill(rita, "application-access", ACCESS)
        review = await rita.page("/basket")
        sent = await rita.send(
            "/basket", entry=entries(review), once=once(review, "basket"), requested_for="ralf.requester"
        )
        number = sent.headers["location"].split("/")[2].split("?")[0]
        record = await portal.get("rita.requester", f"/requests/{number}")
        whom = {line["item"]: line["caller"]["user_name"] for line in record["items"]}
        assert whom == {"new-laptop": "rita.requester", "application-access": "ralf.requester"}


async def test_a_refused_order_shows_its_fault_and_keeps_the_basket(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        machine = {"v.name": "runner-7", "v.size": "small", "v.system": "debian"}
        await fill(rita, "vpn-access", {"v.device": "laptop"})
        await fill(rita, "virtual-machine", machine)
        html = await rita.page("/basket")
        refused = await rita.send(
            "/basket", entry=entries(html), once=once(html, "basket"), requested_for="ralf.requester"
        )
        assert refused.status_code == 403
        assert "cannot be ordered by you for somebody else" in refused.text
        unknown = await rita.send("/basket", entry=entries(html), once="k2", requested_for="nobody.here")
        assert unknown.status_code == 422
        shown = {attributes.get("id"): attributes for _, attributes in tags(unknown.text)}
        assert shown["basket-requested_for"]["aria-invalid"] == "true"
        assert len(entries(await rita.page("/basket"))) == 2


async def test_files_are_looked_at_before_the_order_and_attached_after_it(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        await fill(rita, "vpn-access", {"v.device": "laptop"})
        html = await rita.page("/basket")
        sent = {"entry": entries(html), "once": once(html, "basket")}
        page = {"file-0": ("page.html", b"<script>alert(1)</script>", "text/html")}
        refused = await rita.send("/basket", files=page, **sent)
        assert refused.status_code == 422
        assert "files of this type are not accepted" in refused.text
        good = {"file-0": ("plan.txt", b"a plan", "text/plain")}
        taken = await rita.send("/basket", files=good, **sent)
        assert taken.headers["location"].endswith("?done=order"), taken.text[:3000]
        again = await rita.send("/basket", files=good, **sent)
        assert again.headers["location"] == taken.headers["location"]
        assert (await rita.page(taken.headers["location"])).count(">plan.txt<") == 1


async def test_the_basket_of_one_is_nothing_to_another(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita, visitor(portal, "ralf.requester") as ralf:
        await fill(rita, "vpn-access", {"v.device": "laptop"})
        ref = entries(await rita.page("/basket"))[0]
        ralf.client.cookies.set("steadydesk-basket", rita.client.cookies["steadydesk-basket"])
        assert "Ihr Korb ist leer" in await ralf.page("/basket")
        stolen = await ralf.send("/basket", entry=ref, once="k")
        assert stolen.status_code == 422
        await rita.page("/basket")
        emptied = await rita.send("/basket/remove", entry=ref)
        assert emptied.status_code == 303
        assert "Your basket is empty" in await rita.page("/basket")


def changed(cookie: str, ref: str) -> dict[str, str]:
    """Ways to say something else than we signed."""
    key, content, signature = cookie.split(".")
    other = base64.urlsafe_b64encode(f"p_aaaaaaaaaaaa {ref}".encode()).decode().rstrip("=")
    return {
        "references alone": ref,
        "another content": f"{key}.{other}.{signature}",
        "no signature": f"{key}.{content}.",
        "cut": cookie[:-2],
        "nonsense": "x" * 4000,
    }


@pytest.mark.parametrize("way", ["references alone", "another content", "no signature", "cut", "nonsense"])
async def test_a_changed_basket_is_an_empty_one_and_says_so_once(portal: ApiDesk, way: str) -> None:
    async with visitor(portal, "rita.requester") as rita:
        await fill(rita, "vpn-access", {"v.device": "laptop"})
        ref = entries(await rita.page("/basket"))[0]
        kept = rita.client.cookies["steadydesk-basket"]
        rita.client.cookies.delete("steadydesk-basket")
        rita.client.cookies.set("steadydesk-basket", changed(kept, ref)[way])
        assert "could not be read" not in await rita.page("/catalog")
        answer = await rita.open("/basket")
        assert answer.status_code == 200
        assert "What was in your basket could not be read" in answer.text
        assert 'data-form="basket"' not in answer.text
        assert re.search(r"steadydesk-basket=[^;]*; .*Max-Age=0", answer.headers["set-cookie"])
        rita.client.cookies.delete("steadydesk-basket")
        assert "could not be read" not in await rita.page("/basket")


async def test_what_is_chosen_after_a_changed_basket_is_all_that_is_in_it(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        rita.client.cookies.set("steadydesk-basket", "t_" + "0" * 20)
        answer = await fill(rita, "vpn-access", {"v.device": "laptop"})
        page = await rita.page(answer.headers["location"])
        assert "was left out" in page
        assert len(entries(page)) == 1


async def test_a_form_without_its_token_puts_nothing_into_the_basket(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        await rita.page("/catalog/vpn-access")
        answer = await rita.send("/catalog/vpn-access", token="forged", **{"v.device": "laptop"})
        assert answer.status_code == 403
        assert "Your basket is empty" in await rita.page("/basket")
