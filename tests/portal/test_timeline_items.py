"""What happened and what was said: of several items, before any work, and each once."""

from tests.portal.test_timeline import ACCESS, approve_all, entries
from tests.portal.visitors import visitor
from tests.support.api_desk import ApiDesk


async def test_of_several_items_each_approval_says_which_one_it_is_about(portal: ApiDesk) -> None:
    items = [
        {"item": "application-access", "variables": ACCESS | {"application": one}}
        for one in ("ledger", "customers")
    ]
    ordered = await portal.post("rita.requester", "/requests", {"items": items})
    number, lines = ordered["number"], [line["number"] for line in ordered["items"]]
    await approve_all(portal, number)
    async with visitor(portal, "rita.requester") as rita:
        said = [words for words, _ in entries(await rita.page(f"/records/{number}"), "timeline")]
    for line in lines:
        of_line = [words for words in said if "approved" in words and f"({line})" in words]
        assert len(of_line) == 2, said


async def test_what_was_never_begun_is_not_taken_back(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "application-access", **ACCESS))["number"]
    await portal.post("rita.requester", f"/requests/{number}/cancel", {})
    async with visitor(portal, "rita.requester") as rita:
        html = await rita.page(f"/records/{number}")
    told = [words for words, _ in entries(html, "timeline")]
    assert "Rita Reed cancelled it" in told
    assert not any("taken back" in words for words in told), told
    every = [words for words, _ in entries(html, "everything")]
    assert any(words.startswith("Nothing had to be taken back") for words in every), every


async def test_a_note_stands_once_and_an_answer_is_one(portal: ApiDesk) -> None:
    items = [{"item": "application-access", "variables": ACCESS}]
    ordered = await portal.post("rita.requester", "/requests", {"items": items, "note": "For the audit."})
    number = ordered["number"]
    asked = {"decision": "ask", "comment": "Which audit?"}
    await portal.post("mona.manager", f"/approvals/{number}-G1/decision", asked)
    async with visitor(portal, "rita.requester") as rita, visitor(portal, "mona.manager") as mona:
        await rita.page(f"/records/{number}")
        sent = await rita.send(f"/records/{number}/answer", text="That of the year.", once="1")
        assert sent.status_code == 303
        html = await rita.page(f"/records/{number}")
        case = await mona.page(f"/approvals/{number}-G1")
    for page in (html, case):
        assert page.count("For the audit.") == 1
        assert 'class="said answer"' in page
        assert 'class="said comment"' not in page
    assert "answers" in html
