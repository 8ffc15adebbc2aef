"""Suggestions and complaints in the portal: said on a record's page, answered for on pages of their own."""

import pytest
from sqlalchemy import select, update

from steadydesk.records.tables.voice import feedback
from tests.portal.visitors import statements, visitor
from tests.support.api_desk import ApiDesk

WORDS = "Nobody said <when> it comes"
EXPENSE = {"purpose": "Train", "amount": 10, "spent_on": "2026-11-12", "ask_budget_owner": False,
           "iban": "DE02120300000000202051"}  # fmt: skip


@pytest.fixture(scope="module")
async def said(portal: ApiDesk) -> tuple[str, str]:
    """The number, and the address of the complaint that its requester finds on its page."""
    number = (await portal.order("rita.requester", "expense-payment", **EXPENSE))["number"]
    async with visitor(portal, "rita.requester") as rita:
        assert 'id="voiced"' not in await rita.page(f"/records/{number}")
        sent = await rita.send(f"/records/{number}/voice", kind="complaint", text=WORDS)
        assert (sent.status_code, sent.headers["location"]) == (303, f"/records/{number}?done=voice")
        html = await rita.page(f"/records/{number}?done=voice")
    shown = html[html.index('id="voiced"') :].partition("</section>")[0]
    assert "Complaint" in shown
    assert "IT management" in shown
    address = shown.partition('href="/feedback/')[2].partition('"')[0]
    return number, f"/feedback/{address}"


async def test_who_answers_reads_it_without_seeing_the_record(portal: ApiDesk, said: tuple[str, str]) -> None:
    number, address = said
    async with visitor(portal, "ines.itlead") as ines:
        assert '<a href="/feedback"' in await ines.page("/")
        assert address in await ines.page("/feedback")
        assert address not in await ines.page("/feedback?kind=suggestion")
        html = await ines.page(address)
        assert "Nobody said &lt;when&gt; it comes" in html
        assert number in html
        assert f'href="/records/{number}"' not in html
        assert "not for you to see" in html
        assert (await ines.open(f"/records/{number}")).status_code == 404


async def test_its_author_and_the_process_owner_go_on_to_the_record(
    portal: ApiDesk, said: tuple[str, str]
) -> None:
    number, address = said
    for who in ("rita.requester", "fiona.finance"):
        async with visitor(portal, who) as reader:
            html = await reader.page(address)
            assert f'href="/records/{number}"' in html
            assert "not for you to see" not in html


@pytest.mark.parametrize("who", ["mona.manager", "felix.finance", "ada.admin"])
async def test_nobody_else_finds_it(portal: ApiDesk, said: tuple[str, str], who: str) -> None:
    number, address = said
    async with visitor(portal, who) as other:
        assert '<a href="/feedback"' not in await other.page("/")
        assert address not in await other.page("/feedback")
        assert (await other.open(address)).status_code == 404
        if who == "felix.finance":
            assert 'id="voiced"' not in await other.page(f"/records/{number}")


async def test_a_german_reader_reads_german_words(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "hr-conversation", topic="health"))["number"]
    body = {"kind": "suggestion", "text": WORDS}
    identity = (await portal.post("rita.requester", f"/records/{number}/feedback", body))["id"]
    async with visitor(portal, "helga.hrlead") as helga:
        html = await helga.page(f"/feedback/{identity}")
        assert f"<h1>Vorschlag: {number}</h1>" in html
        assert "<dt>Zuständig</dt>" in html
        assert "Rückmeldungen" in html


@pytest.mark.parametrize(
    ("who", "words"),
    [("fiona.finance", "process owners of Finance"), ("rita.requester", "process owners of Finance")],
)
async def test_owners_who_answer_are_named_by_what_their_function_is_called(
    portal: ApiDesk, said: tuple[str, str], who: str, words: str
) -> None:
    number, address = said
    row = feedback.c.id == address.removeprefix("/feedback/")
    async with portal.services.engine.begin() as connection:
        before = await connection.scalar(select(feedback.c.answers).where(row))
        await connection.execute(update(feedback).where(row).values(answers=["f:finance"]))
    try:
        async with visitor(portal, who) as reader:
            for path in (address, "/feedback", *([f"/records/{number}"] if who == "rita.requester" else [])):
                assert words in await reader.page(path), path
    finally:
        async with portal.services.engine.begin() as connection:
            await connection.execute(update(feedback).where(row).values(answers=before))


async def test_its_pages_take_five_statements(portal: ApiDesk, said: tuple[str, str]) -> None:
    async with visitor(portal, "ines.itlead") as ines:
        await ines.page("/")
        for path in ("/feedback", said[1]):
            with statements(portal) as counted:
                await ines.page(path)
            assert counted.count <= 5, "\n\n".join(counted.texts)


async def test_a_wrong_address_is_refused_as_what_is_missing(portal: ApiDesk) -> None:
    async with visitor(portal, "ines.itlead") as ines:
        assert (await ines.open("/feedback/fb_none")).status_code == 404
        assert (await ines.open("/feedback?kind=praise")).status_code == 422
        assert (await ines.open("/feedback?after=nonsense")).status_code == 422
