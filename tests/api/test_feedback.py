"""What people say of records reaches somebody always, whoever sees the record, and is read there later."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from steadydesk.records.delivery_fanout import fan_out
from steadydesk.records.tables.delivery import delivery, in_app, outbox
from steadydesk.records.tables.directory import membership, person, role_holder
from steadydesk.records.tables.identity import security_event
from steadydesk.records.tables.text import text_body
from tests.support.api_desk import ApiDesk
from tests.support.visibility_subjects import SILENT

RITA, HANNA, INES, HELGA = "rita.requester", "hanna.hr", "ines.itlead", "helga.hrlead"
WORDS = "Nobody says when it comes"

ORDERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "it": (RITA, "new-laptop", {"model": "light", "holder": RITA}),
    "finance": (
        RITA,
        "expense-payment",
        {"purpose": "Train", "amount": 10, "spent_on": "2026-11-12", "ask_budget_owner": False,
         "iban": "DE02120300000000202051"},
    ),
    "restricted": (RITA, "hr-conversation", {"topic": "health"}),
    "silent": (HANNA, "leaver", {"person": "kim.kept", "last_day": SILENT}),
}  # fmt: skip


async def complain(desk: ApiDesk, about: str, who: str | None = None) -> tuple[str, dict[str, Any]]:
    """The number, and what the API answers; ``who`` says it who ordered nothing."""
    author, item, answers = ORDERS[about]
    number = (await desk.order(who or author, item, **answers))["number"]
    words = {"kind": "complaint", "text": WORDS}
    return number, await desk.post(who or author, f"/records/{number}/feedback", words)


async def told(desk: ApiDesk, event: str, identity: str) -> set[str]:
    """Who has it in their list, by user name, and by mail as well."""
    async with desk.services.engine.begin() as connection:
        while (await fan_out(connection, now=desk.services.clock(), limit=1000, mail=True)).more:
            pass
        listed = select(person.c.user_name).join(in_app, in_app.c.person == person.c.id)
        listed = listed.where(in_app.c.number == identity, in_app.c.event == event)
        mails = select(delivery.c.recipient, delivery.c.state).where(delivery.c.number == identity)
        assert {row.state for row in await connection.execute(mails)} <= {"queued", "suppressed"}
        return set(await connection.scalars(listed))


async def facts_of(desk: ApiDesk, identity: str) -> dict[str, Any]:
    async with desk.services.engine.connect() as connection:
        return (
            await connection.execute(select(outbox.c.facts).where(outbox.c.number == identity))
        ).scalar_one()


@asynccontextmanager
async def without(desk: ApiDesk, table: Any, *where: Any) -> AsyncIterator[None]:
    """These rows of the directory are gone for the time of the block."""
    engine = desk.services.engine
    async with engine.begin() as connection:
        rows = [row._asdict() for row in await connection.execute(select(table).where(*where))]
        assert rows
        await connection.execute(delete(table).where(*where))
    try:
        yield
    finally:
        async with engine.begin() as connection:
            await connection.execute(insert(table), rows)


READERS = {
    "it": {RITA, INES},
    "finance": {RITA, INES, "fiona.finance"},
    "restricted": {RITA, HELGA},
    "silent": {HANNA, HELGA, "frida.facilities", "felix.finance"},
}
EVERYBODY = {"ingo.it", "adam.admin", "otto.operator", "olaf.owner", "kim.kept", "stan.stranger"}.union(
    *READERS.values()
)


@pytest.mark.parametrize("about", READERS)
async def test_it_reaches_who_answers_whether_or_not_they_see_the_record(desk: ApiDesk, about: str) -> None:
    """And who answers reads it later; nobody else does, and of a silent record nobody whom it is silent about."""
    number, taken = await complain(desk, about)
    identity = taken["id"]
    author = ORDERS[about][0]
    assert await told(desk, "feedback.complaint", identity) == READERS[about] - {author}
    for who in EVERYBODY:
        answer = await desk.call(who, "GET", f"/feedback/{identity}")
        listed = [one["id"] for one in (await desk.get(who, "/feedback"))["items"]]
        reads = who in READERS[about]
        assert (answer.status_code, identity in listed) == ((200 if reads else 404), reads), who
        if reads:
            one, seen = answer.json(), await desk.call(who, "GET", f"/records/{number}")
            assert (one["number"], one["text"], one["person"]["user_name"]) == (number, WORDS, author)
            assert one["visible"] == (seen.status_code == 200)
    groups = {"it": "it-management", "finance": "it-management", "restricted": "hr-confidential"}
    if about in groups:
        assert taken["answers"] == [f"g:{groups[about]}"]


async def test_the_message_is_about_what_was_said_and_leads_to_it(desk: ApiDesk) -> None:
    number, taken = await complain(desk, "finance")
    await told(desk, "feedback.complaint", taken["id"])
    entries = (await desk.get(INES, "/notifications"))["items"]
    [entry] = [one for one in entries if one["number"] == taken["id"]]
    assert (entry["label"], entry["title"]) == ("Complaint", None)
    assert entry["link"].endswith(f"/feedback/{taken['id']}")
    facts = await facts_of(desk, taken["id"])
    assert (facts["about"], facts["actor"]) == (number, await desk.person(RITA))
    async with desk.services.engine.connect() as connection:
        said = await connection.scalar(select(text_body.c.body).where(text_body.c.ref == facts["text"]))
    assert said == WORDS
    _, hidden = await complain(desk, "restricted")
    assert "text" not in await facts_of(desk, hidden["id"]), "words of a restricted record are in no mail"


async def in_group(desk: ApiDesk, who: str, key: str) -> tuple[Any, ...]:
    return membership.c.group_key == key, membership.c.person == await desk.person(who)


async def test_where_nobody_is_in_the_group_the_process_owners_answer_else_administrators(
    desk: ApiDesk,
) -> None:
    async with without(desk, membership, *await in_group(desk, INES, "it-management")):
        _, taken = await complain(desk, "finance")
        assert taken["answers"] == ["f:finance"]
        assert await told(desk, "feedback.complaint", taken["id"]) == {"fiona.finance"}
        async with without(
            desk, role_holder, role_holder.c.function == "finance", role_holder.c.role == "process_owner"
        ):
            _, taken = await complain(desk, "finance")
        admins = {"ada.admin", "adam.admin"}
        assert sorted(taken["answers"]) == sorted([f"p:{await desk.person(one)}" for one in admins])
        assert await told(desk, "feedback.complaint", taken["id"]) == admins
        assert (await desk.get("adam.admin", f"/feedback/{taken['id']}"))["visible"] is False
    assert (await desk.get(INES, f"/feedback/{taken['id']}"))["text"] == WORDS, "a later member of the group"


async def test_nobody_answers_for_what_they_said_themselves(desk: ApiDesk) -> None:
    """Ines is all of IT management, and its process owner."""
    example = (await desk.get(INES, "/catalog/items/key-card"))["example"]
    number = (await desk.order(INES, "key-card", **example))["number"]
    taken = await desk.post(INES, f"/records/{number}/feedback", {"kind": "suggestion", "text": WORDS})
    assert await told(desk, "feedback.suggestion", taken["id"]) == {"frida.facilities"}


async def test_of_a_restricted_record_whose_groups_are_empty_no_word_goes_outside(desk: ApiDesk) -> None:
    """Who can put somebody there hears that they must; who comes there reads it."""
    async with without(desk, membership, *await in_group(desk, HELGA, "hr-confidential")):
        number, taken = await complain(desk, "restricted")
        identity = taken["id"]
        assert await told(desk, "feedback.unattended", identity) == {HELGA, "olaf.owner"}
        assert await facts_of(desk, identity) == {"kind": "hr", "group": "hr-confidential"}
        assert (await desk.call(HELGA, "GET", f"/feedback/{identity}")).status_code == 404
        async with desk.services.engine.connect() as connection:
            counted = select(security_event.c.kind).where(security_event.c.number == number)
            assert list(await connection.scalars(counted)) == ["unattended"]
    assert (await desk.get(HELGA, f"/feedback/{identity}"))["text"] == WORDS


async def test_the_list_is_the_newest_first_by_kind_and_by_pages(desk: ApiDesk) -> None:
    number = (await desk.order("ralf.requester", "new-laptop", model="light", holder="ralf.requester"))[
        "number"
    ]
    given: list[str] = []
    for place, kind in enumerate(("suggestion", "complaint", "suggestion")):
        with desk.later(timedelta(minutes=place)):
            body = {"kind": kind, "text": WORDS}
            given.append((await desk.post("ralf.requester", f"/records/{number}/feedback", body))["id"])
    pages: list[str] = []
    after = ""
    while after is not None:
        page = await desk.get(
            "ralf.requester", f"/feedback?limit=1&after={after}" if after else "/feedback?limit=1"
        )
        pages += [one["id"] for one in page["items"]]
        after = page["after"]
    assert pages == given[::-1]
    only = await desk.get("ralf.requester", "/feedback?kind=complaint")
    assert [one["id"] for one in only["items"]] == [given[1]]
    assert (await desk.call("ralf.requester", "GET", "/feedback?after=nonsense")).status_code == 422
