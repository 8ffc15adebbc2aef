"""The list of requests: found by words and by item, in the order that was chosen, page by page."""

import re
from datetime import timedelta
from typing import Any

import pytest

from api.portal.routes import requests as request_pages
from tests.portal.test_request_page import ACCESS, LAPTOP, order_of, region
from tests.portal.visitors import statements, visitor
from tests.support.api_desk import ApiDesk

STAMPS = {"changed": "updated", "opened": "opened"}


async def test_requests_are_found_by_words_and_by_item(portal: ApiDesk) -> None:
    ordered = await order_of(portal, "rita.requester", ("new-laptop", LAPTOP), ("application-access", ACCESS))
    number = ordered["number"]
    found = {
        "": True,
        "?q=access+to": True,
        "?q=ACCESS&item=application-access": True,
        f"?q={number}": True,
        f"?q=req-{int(number[3:])}&item=new-laptop": True,
        "?q=rita": True,
        "?q=ralf": False,
        "?q=100%25": False,
        f"?q={number}&item=vpn-access": False,
        f"?q={number}&which=closed": False,
        f"?q={number}&whose=seen&sort=expected": True,
    }
    async with visitor(portal, "rita.requester") as rita:
        await rita.page("/")
        for query, there in found.items():
            with statements(portal) as counted:
                html = await rita.page("/requests" + query)
            assert counted.count <= 5, "\n\n".join(counted.texts)
            assert (number in region(html, "requests")) is there, query
        html = await rita.page("/requests?q=%3Cb%3E&item=no-such&which=all")
        assert 'value="&lt;b&gt;"' in html
        assert '<option value="no-such" selected>' in html
        assert 'name="which" value="all"' in html
        assert (await rita.open("/requests?sort=sideways")).status_code == 422


async def test_an_item_that_is_hidden_is_not_offered_as_a_filter(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita, visitor(portal, "hanna.hr") as hanna:
        assert '<option value="leaver">' not in await rita.page("/requests")
        assert '<option value="leaver">' in await hanna.page("/requests")


@pytest.mark.parametrize("sort", ["changed", "opened", "expected"])
async def test_every_order_goes_on_where_a_page_ended(
    portal: ApiDesk, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await portal.order("ralf.requester", "application-access", **ACCESS)
    monkeypatch.setattr(request_pages, "PER_PAGE", 2)
    seen: list[str] = []
    async with visitor(portal, "ralf.requester") as ralf:
        path = f"/requests?whose=mine&which=all&sort={sort}"
        while path:
            html = await ralf.page(path)
            seen += re.findall(r'class="number" href="/records/(\w+)"', region(html, "requests"))
            further = re.search(r'href="([^"]*)" rel="next"', html)
            path = further[1].replace("&amp;", "&") if further else ""
    everything: list[dict[str, Any]] = (await portal.get("ralf.requester", "/requests?mine=true&limit=200"))[
        "items"
    ]
    if sort == "expected":
        wanted = sorted(everything, key=lambda one: (one["expected_at"] or "9999", one["number"]))
    else:
        wanted = sorted(everything, key=lambda one: (one[f"{STAMPS[sort]}_at"], one["number"]), reverse=True)
    assert seen == [one["number"] for one in wanted]


async def test_what_is_ready_later_is_told_and_not_asked(portal: ApiDesk) -> None:
    """Nothing in the list of those who wait reads as if it were theirs to do."""
    number = (await portal.order("rita.requester", "vpn-access", device="laptop"))["number"]
    async with visitor(portal, "rita.requester") as rita:
        html = region(await rita.page(f"/requests?q={number}"), "requests")
        assert "expected in 2 hours" in html
        assert "due-soon" not in html
    portal.services.ahead = timedelta(hours=3)
    try:
        async with visitor(portal, "rita.requester") as later:
            assert "was promised for" in region(await later.page(f"/requests?q={number}"), "requests")
    finally:
        portal.services.ahead = timedelta()


async def test_home_and_its_list_mean_the_same(portal: ApiDesk) -> None:
    """What one asked for, and what somebody else ordered for one: the whole, or a line of it."""
    for_her = {"requested_for": "frida.facilities"}
    not_hers = await portal.post(
        "rita.requester", "/requests", {"items": [{"item": "vpn-access", "variables": {"device": "phone"}}]}
    )
    line = {"item": "new-laptop", "variables": {"model": "light", "holder": "frida.facilities"}}
    of_line = await portal.post("mona.manager", "/requests", {"items": [line]})
    access = {"item": "application-access", "variables": ACCESS}
    for_whom = await portal.post("mona.manager", "/requests", {"items": [access], **for_her})
    by_her = await portal.post("frida.facilities", "/requests", {"items": [access]})
    async with visitor(portal, "frida.facilities") as frida:
        home, listed = await frida.page("/"), await frida.page("/requests")
        mine = await frida.page("/requests?whose=mine")
    shown = {one["number"] for one in (of_line, for_whom, by_her)}
    card = home[home.index('id="mine"') :]
    for html in (card, listed):
        found = set(re.findall(r"/records/(REQ\d+)", html))
        assert shown <= found
        assert not_hers["number"] not in found
    assert by_her["number"] in mine
    assert for_whom["number"] not in mine
