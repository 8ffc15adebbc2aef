"""Every page, light and dark, held against WCAG 2.2 AA and the good practice that axe knows; small screens too."""

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import Page

from tests.portal.browsers import People
from tests.portal.samples import NO_PAGES, SAMPLES, page_routes, places

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLOUR = ["color-contrast", "link-in-text-block"]
"""The rules whose outcome a theme can change: nothing but colours differs."""

_RUN = "only => axe.run(document, {runOnly: only, resultTypes: ['violations']})"
_OPEN = "document.querySelectorAll('main details').forEach((one) => { one.open = true; })"
_WRONG = """() => {
  const pale = Object.assign(document.createElement("p"), { textContent: "Pale" });
  pale.style.color = "color-mix(in srgb, currentColor 10%, transparent)";
  document.querySelector("main").append(pale, document.createElement("img"));
}"""
_WIDTH = "document.documentElement.scrollWidth"


@pytest.fixture(scope="module")
async def addresses(running_portal: People) -> dict[str, str]:
    return await places(running_portal)


async def violations(page: Page, kind: str = "tag", values: list[str] = RULES) -> list[str]:
    """What axe finds; ``values`` are tags of rules, or their names with ``kind`` "rule"."""
    found = await page.evaluate(_RUN, {"type": kind, "values": values})
    return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]


async def in_both_themes(page: Page) -> list[str]:
    """All rules in the light, those of colours in the dark, with everything unfolded."""
    await page.evaluate(_OPEN)
    await page.evaluate(AXE_FILE_PATH.read_text())
    light = await violations(page)
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    dark = await violations(page, "rule", OF_COLOUR)
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return [*light, *(f"dark {one}" for one in dark)]


def test_every_page_has_a_sample() -> None:
    """A new page fails here until it has an address to look at."""
    assert {sample.route for sample in SAMPLES if sample.route} | NO_PAGES == page_routes()


@pytest.mark.parametrize("who", sorted({sample.who for sample in SAMPLES}, key=str))
async def test_axe_finds_nothing(people: People, addresses: dict[str, str], who: str | None) -> None:
    looks = {"bypass_csp": True, "color_scheme": "light", "reduced_motion": "reduce"}
    page = await (people.open(who, **looks) if who else people.window(**looks))
    for sample in (one for one in SAMPLES if one.who == who):
        address = sample.address.format(**addresses)
        await page.set_viewport_size({"width": 1280, "height": 900})
        answer = await page.goto(people.base + address)
        assert answer is not None
        assert (answer.status, page.url) == (200 if sample.route else 404, people.base + address)
        assert await in_both_themes(page) == [], address
        await page.set_viewport_size({"width": 360, "height": 900})
        assert await page.evaluate(_WIDTH) <= 360, f"{address} is wider than a small screen"
        if sample.small:
            assert await violations(page) == [], f"{address} at 360 px"


async def test_axe_sees_what_is_wrong(people: People) -> None:
    """The proof that the look above is one: pale words and a picture without a text are found."""
    page = await people.window(bypass_csp=True, color_scheme="light", reduced_motion="reduce")
    await page.goto(f"{people.base}/sign-in")
    await page.evaluate(_WRONG)
    found = await in_both_themes(page)
    assert {one.split(":")[0] for one in found} >= {"image-alt", "color-contrast", "dark color-contrast"}
