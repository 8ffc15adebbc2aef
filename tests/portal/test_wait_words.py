"""What lists say of a wait is in the reader's language, with the organisation's own name of what is waited for."""

import re
from datetime import UTC, datetime

import pytest

from api.portal.progress import what_of
from api.portal.words import words_in
from steadydesk.contracts.agenda import Waiting, WaitingKind
from tests.portal.visitors import Visitor, visitor
from tests.support.api_desk import ApiDesk

ACCESS = {"application": "ledger", "level": "write", "until": "2030-03-31", "reason": "Abschluss"}
ENGLISH = re.compile(r"Supervisor|Data owner|the approval|an answer|the task|Who is allowed")


def rows_of(html: str, number: str) -> str:
    """Every row of a list about the request, as it is read."""
    rows = re.findall(r"<(?:li|tr)\b.*?</(?:li|tr)>", html, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", row) for row in rows if number in row)


async def lists(reader: Visitor, number: str, *paths: str) -> dict[str, str]:
    return {path: rows_of(await reader.page(path), number) for path in paths}


async def test_lists_name_the_stage_that_is_waited_for_in_the_readers_language(portal: ApiDesk) -> None:
    number = (await portal.order("ralf.requester", "application-access", **ACCESS))["number"]
    mine = ("/", "/requests", f"/requests?q={number}&which=all")
    async with visitor(portal, "ralf.requester") as ralf:
        for path, said in (await lists(ralf, number, *mine)).items():
            assert "die Genehmigung „Führungskraft“" in said, path
            assert ENGLISH.search(said) is None, path
    async with visitor(portal, "mona.manager") as mona:
        for path, said in (await lists(mona, number, f"/requests?whose=seen&q={number}")).items():
            assert "Supervisor" in said, path
            assert "Führungskraft" not in said, path
    question = {"decision": "ask", "comment": "Which books?"}
    await portal.post("mona.manager", f"/approvals/{number}-G1/decision", question)
    async with visitor(portal, "ralf.requester") as ralf:
        for path, said in (await lists(ralf, number, *mine)).items():
            assert ENGLISH.search(said) is None, path
        said = (await lists(ralf, number, "/requests"))["/requests"]
        assert "eine Antwort für die Genehmigung „Führungskraft“" in said


@pytest.mark.parametrize(
    "key",
    sorted(key for key, said in words_in("en").texts.items() if "phrases." in key and "{label}" in said),
)
def test_no_sentence_keeps_the_english_name_of_what_is_waited_for(key: str) -> None:
    stored = words_in("en")(key, label="Owner's consent")
    at = datetime(2027, 1, 31, tzinfo=UTC)
    waiting = Waiting(kind=WaitingKind.TASK, subject="x", what=stored, whom="x", since=at, then="x",
                      label={"en": "Owner's consent", "de": "Zustimmung"})  # fmt: skip
    said = what_of(waiting, words_in("de"))
    assert "Zustimmung" in said
    assert "consent" not in said
