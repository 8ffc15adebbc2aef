"""A form that is too large: how large it may be, in the reader's language, and the way back to what was typed."""

import pytest

from tests.portal.orders import ACCESS, fill
from tests.portal.visitors import HTML, ORIGIN, visitor
from tests.support.api_desk import ApiDesk

LARGE = {**HTML, "Content-Length": "99000000", "Origin": ORIGIN}


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("rita.requester", ("Too large", "The Back key of your browser", "At most 21 MB are taken.")),
        (
            "ralf.requester",
            ("Zu groß", "Die Zurück-Taste Ihres Browsers", "Angenommen werden höchstens 21 MB"),
        ),
    ],
)
async def test_it_says_how_large_and_leads_back(portal: ApiDesk, who: str, words: tuple[str, ...]) -> None:
    async with visitor(portal, who) as somebody:
        sent = LARGE | {"Referer": f"{ORIGIN}/basket"}
        answer = await somebody.client.post("/basket", content=b"x", headers=sent)
        assert answer.status_code == 413
        for each in words:
            assert each in answer.text
        assert 'class="top"' in answer.text, "the frame of every page"
        assert 'href="/basket"' in answer.text


async def test_browsers_keep_the_form_and_nothing_else(portal: ApiDesk) -> None:
    """Some forget what was typed into a page that they may not store."""
    async with visitor(portal, "rita.requester") as rita:
        await fill(rita, "application-access", ACCESS)
        assert (await rita.open("/basket")).headers["cache-control"] == "private, no-cache"
        assert (await rita.open("/")).headers["cache-control"] == "no-store"
