"""What a restricted record showed to outsiders under earlier rules: the doctor finds it, the process ends it."""

import pytest
from sqlalchemy import insert

from steadydesk.records.tables.journal import audit
from steadydesk.records.tables.process import record, sight
from tests.support.request_desk import Desk

OUTSIDERS = [
    ("p:mona", "requester"),
    ("g:leavers", "process_owner"),
    ("f:it", "process_owner"),
    ("p:ines", "fulfilment_group"),
    ("g:leavers", "fulfilment_group"),
    ("p:dan", "watcher"),
    ("g:board", "restricted_group"),
]


async def show(desk: Desk, number: str, rows: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """As an earlier release did."""
    [of_it] = await desk.rows(record, record.c.number == number)
    found = {(_subject(desk, who), why) for who, why in rows}
    place = {"number": number, "open": of_it.open, "changed_at": of_it.updated_at}
    async with desk.owner.begin() as connection:
        for subject, why in found:
            await connection.execute(insert(sight).values(subject=subject, why=why, **place))
    return found


def _subject(desk: Desk, who: str) -> str:
    kind, name = who.split(":")
    return f"p:{desk.ids[name]}" if kind == "p" else who


async def seen(desk: Desk, number: str) -> set[tuple[str, str]]:
    rows = await desk.rows(sight, sight.c.number == number)
    return {(row.subject, row.why) for row in rows if row.until is None or row.until > desk.now}


async def symptoms(desk: Desk, number: str) -> list[str]:
    return [words for words in await desk.symptoms() if words.startswith(number)]


@pytest.mark.parametrize("again", ["look", "take_up"])
async def test_sight_that_a_restricted_record_gives_to_nobody_is_found_and_taken_back(
    desk: Desk, again: str
) -> None:
    number = await desk.order("confidential")
    await desk.decide(f"{number}-G1", "approved", "ann")
    right = await seen(desk, number)
    await desk.leave("ann", number)
    wrong = await show(desk, number, OUTSIDERS)
    found = await symptoms(desk, number)
    assert len(found) == len(wrong)
    assert all(any(subject in words and why in words for words in found) for subject, why in wrong)
    if again == "look":
        await desk.tell(number, "look")
    else:
        await desk.requests.take_up_request(desk.tick(number))
    assert await symptoms(desk, number) == []
    assert await seen(desk, number) == right
    rows = await desk.rows(audit, audit.c.number == number, audit.c.event == "sight.taken-back")
    assert {(row.facts["seen_by"], row.facts["why"]) for row in rows} == wrong


async def test_what_is_not_restricted_stays_as_it_was_shown(desk: Desk) -> None:
    number = await desk.order("by-hand")
    await show(desk, number, OUTSIDERS[:2])
    before = await seen(desk, number)
    assert await symptoms(desk, number) == []
    await desk.tell(number, "look")
    assert await seen(desk, number) == before
