"""Sensitive answers: nowhere but in the open task that declares them, for its group, and each read written down."""

import pytest
from sqlalchemy import text

from tests.support.api_desk import ApiDesk

STORY = "The night shifts are unfair to us"
IBAN = "DE02120300000000202051"


@pytest.fixture(scope="module")
async def number(desk: ApiDesk) -> str:
    view = await desk.order("rita.requester", "hr-conversation", topic="conflict", story=STORY)
    return view["number"]


async def talk(desk: ApiDesk, number: str) -> str:
    return (await desk.get("rita.requester", f"/requests/{number}"))["tasks"][0]["number"]


async def reads(desk: ApiDesk) -> int:
    async with desk.services.engine.connect() as connection:
        return await connection.scalar(text("SELECT count(*) FROM sensitive_read")) or 0


async def test_its_group_reads_them_in_the_task_and_each_read_is_written_down(
    desk: ApiDesk, number: str
) -> None:
    before = await reads(desk)
    shown = await desk.get("helga.hrlead", f"/tasks/{await talk(desk, number)}", accept_language="en")
    assert shown["sensitive"] == {"story": STORY}
    assert shown["variables"] == {"topic": "conflict"}
    assert shown["instruction"] == "Termin anbieten und das Gespräch führen."
    assert shown["form"]["required"] == ["agreed"]
    assert await reads(desk) == before + 1


@pytest.mark.parametrize("who", ["rita.requester"])
async def test_others_who_see_the_task_do_not(desk: ApiDesk, number: str, who: str) -> None:
    before = await reads(desk)
    shown = await desk.get(who, f"/tasks/{await talk(desk, number)}")
    assert shown["sensitive"] == {}
    assert shown["variables"] == {"topic": "conflict"}
    assert await reads(desk) == before


async def test_nobody_reads_them_in_the_name_of_somebody_else(desk: ApiDesk, number: str) -> None:
    shown = await desk.get("portal.service", f"/tasks/{await talk(desk, number)}", x_act_for="helga.hrlead")
    assert shown["sensitive"] == {}


@pytest.mark.parametrize("who", ["rita.requester", "helga.hrlead"])
async def test_they_are_in_no_other_answer(desk: ApiDesk, number: str, who: str) -> None:
    for path in (
        f"/requests/{number}",
        "/requests",
        "/tasks?open=false",
        f"/records/{number}",
        f"/records/{number}/why",
        f"/requests/{number}/timeline",
        "/notifications",
        "/approvals",
        f"/requests/{number}/attachments",
    ):
        response = await desk.call(who, "GET", path)
        assert response.status_code == 200, path
        assert STORY not in response.text, path


async def test_the_owner_sees_who_read_them(desk: ApiDesk) -> None:
    ordered = await desk.order(
        "rita.requester",
        "expense-payment",
        purpose="Train",
        amount=10,
        spent_on="2026-11-12",
        ask_budget_owner=False,
        iban=IBAN,
    )
    number = ordered["number"]
    for who in ("felix.finance", "mona.manager"):
        (gate,) = (await desk.get(who, "/approvals?state=requested"))["items"]
        await desk.post(who, f"/approvals/{gate['id']}/decision", {"decision": "approved"})
    task = (await desk.get("felix.finance", f"/requests/{number}"))["tasks"][0]["number"]
    assert (await desk.get("felix.finance", f"/tasks/{task}"))["sensitive"] == {"iban": IBAN}
    assert (await desk.get("fiona.finance", f"/tasks/{task}"))["sensitive"] == {}
    page = await desk.get("fiona.finance", f"/audit/{number}/reads")
    (read,) = page["items"]
    assert (read["person"]["user_name"], read["task"], read["fields"]) == ("felix.finance", task, ["iban"])
    await desk.post("felix.finance", f"/tasks/{task}/complete", {})
    assert (await desk.get("felix.finance", f"/tasks/{task}"))["sensitive"] == {}


async def test_outputs_must_fit_the_form_of_the_task(desk: ApiDesk, number: str) -> None:
    task = await talk(desk, number)
    for outputs, pointer in (
        ({}, "/outputs/agreed"),
        ({"agreed": 1}, "/outputs/agreed"),
        ({"other": 1, "agreed": True}, "/outputs/other"),
    ):
        response = await desk.call("helga.hrlead", "POST", f"/tasks/{task}/complete", {"outputs": outputs})
        assert response.status_code == 422, response.text
        assert [problem["pointer"] for problem in response.json()["problems"]] == [pointer]


async def test_the_rows_cannot_be_changed(desk: ApiDesk) -> None:
    for table, column in (
        ("sensitive_read", "person"),
        ("break_glass", "person"),
        ("security_event", "kind"),
    ):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = 'x'", f"TRUNCATE {table}"):
            async with desk.services.engine.connect() as connection:
                with pytest.raises(Exception, match="permission denied"):
                    await connection.execute(text(statement))
