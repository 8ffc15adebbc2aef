"""The dashboard's page: its numbers over what one sees, its filters in the address, its charts with their tables."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.portal.visitors import Visitor, statements, tags, visitor
from tests.support.api_desk import ApiDesk

OWNER = "ines.itlead"


@pytest.fixture(scope="module")
async def ines(portal: ApiDesk) -> AsyncIterator[Visitor]:
    await portal.order("rita.requester", "vpn-access", device="laptop")
    await portal.services.answered.write()
    async with visitor(portal, OWNER) as browser:
        yield browser


async def test_it_takes_at_most_twelve_statements(portal: ApiDesk, ines: Visitor) -> None:
    await ines.page("/dashboard")
    with statements(portal) as counted:
        await ines.page("/dashboard?days=90&function=it&function=hr")
    assert counted.count <= 12, "\n\n".join(counted.texts)


async def test_kept_figures_take_no_statement(portal: ApiDesk, ines: Visitor) -> None:
    address = "/dashboard?days=365&function=finance"
    await ines.page(address)
    with statements(portal) as counted:
        await ines.page(address)
    assert counted.count <= 5, "\n\n".join(counted.texts)
    assert not any("percentile_cont" in each for each in counted.texts)


async def test_it_says_of_when_it_is_and_counts_anew_when_asked(portal: ApiDesk, ines: Visitor) -> None:
    address = "/dashboard?days=90&function=it"
    first = await ines.page(address)
    assert re.search(r'Counted: <time datetime="[^"]+" title="[-\d]+ [:\d]+ UTC"', first)
    await portal.order("rita.requester", "vpn-access", device="laptop")
    link = re.search(r'<a href="([^"]+)" rel="nofollow">Count anew', first)
    assert link is not None
    again = link[1].replace("&amp;", "&")
    assert await _opened_after(ines, again, address) == _opened(first), "not within ten seconds"
    before = portal.services.ahead
    portal.services.ahead += timedelta(seconds=11)
    try:
        assert _opened(await ines.page(address)) == _opened(first)
        assert await _opened_after(ines, again, address) == _opened(first) + 1
    finally:
        portal.services.ahead = before


async def _opened_after(browser: Visitor, link: str, address: str) -> int:
    """Where the link leads to, which is the page as it was, without asking for new figures again."""
    answer = await browser.open(link)
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    return _opened(await browser.page(address))


async def test_every_chart_is_named_and_has_its_numbers_in_a_table(ines: Visitor) -> None:
    html = await ines.page("/dashboard")
    shown = tags(html)
    charts = [attributes for tag, attributes in shown if tag == "svg" and attributes.get("role") == "img"]
    assert len(charts) + html.count('<p class="empty">Nothing in this time.</p>') == 6
    assert charts
    ids = {attributes.get("id") for _, attributes in shown}
    for one in charts:
        assert set((one["aria-labelledby"] or "").split()) <= ids
    assert sum(tag == "details" for tag, _ in shown) >= len(charts)
    assert sum(tag == "h1" for tag, _ in shown) == 1
    assert not any("style" in attributes for _, attributes in shown)


async def test_a_function_narrows_the_numbers(ines: Visitor) -> None:
    everything = _opened(await ines.page("/dashboard?days=365"))
    assert everything >= 1
    assert _opened(await ines.page("/dashboard?days=365&function=it")) == everything
    assert "Nothing to count" in await ines.page("/dashboard?function=finance&from=2001-01-01&to=2001-01-02")


async def test_who_sees_no_record_counts_none(portal: ApiDesk, ines: Visitor) -> None:
    async with visitor(portal, "fiona.finance") as fiona, visitor(portal, "rita.requester") as rita:
        assert _opened(await ines.page("/dashboard?function=it")) >= 1
        assert "Nothing to count in this period" in await fiona.page("/dashboard?function=it")
        assert (await rita.open("/dashboard")).status_code == 403


@pytest.mark.parametrize(
    ("query", "place", "words"),
    [
        ("from=yesterday", "from", "Write a day as 2026-03-31."),
        ("from=2026-03-31&to=2026-03-01", "to", "ends before it begins"),
        ("from=2020-01-01&to=2026-03-01", "to", "two years at most"),
        ("from=0001-01-01&to=0001-01-02", "to", "too far away"),
        ("to=2026-03-01", "from", "Write a day as 2026-03-31."),
    ],
)
async def test_a_wrong_period_is_told_at_its_field(ines: Visitor, query: str, place: str, words: str) -> None:
    answer = await ines.open(f"/dashboard?{query}")
    assert answer.status_code == 422
    assert words in answer.text
    assert f'id="period-{place}-error"' in answer.text


async def test_the_filters_fold_as_those_of_other_pages_do(ines: Visitor) -> None:
    """Closed on a small screen, but open where something in them is wrong; how many narrow it is said."""
    fold = re.compile(
        r'<details class="fold"( open)?><summary>Filter(.*?)</summary>(.*?)</details>', re.DOTALL
    )
    usual = fold.search(await ines.page("/dashboard"))
    narrowed = fold.search(await ines.page("/dashboard?from=2026-01-01&to=2026-02-01&function=it"))
    wrong = fold.search((await ines.open("/dashboard?from=yesterday")).text)
    assert usual
    assert narrowed
    assert wrong
    assert 'action="/dashboard"' in usual[3]
    assert (usual[1], usual[2], narrowed[1], wrong[1]) == (None, "", None, " open")
    assert ">3<" in narrowed[2]
    assert 'id="period-from-error"' in wrong[3]


async def test_a_period_of_days_is_shown_as_it_was_asked(ines: Visitor) -> None:
    today = datetime.now(UTC).date().isoformat()
    html = await ines.page(f"/dashboard?from={today}&to={today}")
    assert f'value="{today}"' in html


def _opened(html: str) -> int:
    found = re.search(r"<dt>Opened</dt><dd>([\d,]+)</dd>", html)
    assert found is not None
    return int(found[1].replace(",", ""))
