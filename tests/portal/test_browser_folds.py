"""What narrows a page is folded on a small screen, so that its content comes first, and open where there is room."""

import pytest

from tests.portal.browsers import People


@pytest.mark.parametrize(
    ("who", "path"),
    [("ada.admin", "/dashboard"), ("ingo.it", "/tasks"), ("rita.requester", "/requests")],
)
async def test_filters_are_folded_where_there_is_little_room(people: People, who: str, path: str) -> None:
    page = await people.open(who, path, width=360)
    sieve = page.locator(f'main form.sieve[action="{path}"]')
    assert not await sieve.is_visible()
    await page.locator("main details.fold > summary").click()
    assert await sieve.is_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.set_viewport_size({"width": 1280, "height": 900})
    await page.reload()
    assert await sieve.is_visible()
    assert not await page.locator("main details.fold > summary").is_visible()
