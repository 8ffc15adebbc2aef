"""Whom something late goes to: of a restricted record nobody outside of its groups, and always somebody."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from steadydesk.records.delivery_audience import audience
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.directory import person_group
from steadydesk.records.tables.identity import security_event
from steadydesk.records.tables.process import sight
from tests.support.request_desk import Desk
from tests.support.requests import NOW

LATE = ("clock.breached", "task.reminder", "task.reminder")


async def late(desk: Desk) -> str:
    """A restricted order whose task is done by nobody, until all its dates have passed."""
    number = await desk.order("confidential")
    await desk.decide(f"{number}-G1", "approved", "ann")
    answer = await desk.agenda(number)
    while answer.agenda.alarm is not None and answer.agenda.alarm.at < NOW + timedelta(hours=100):
        answer = await desk.ring_next(answer, number)
    return number


async def told(desk: Desk, number: str) -> list[tuple[str, list[str]]]:
    """Event and audience of what is late, in order."""
    rows = await desk.rows(outbox, outbox.c.number == number, outbox.c.event.in_(LATE))
    names = {f"p:{identity}": name for name, identity in desk.ids.items()}
    return [
        (row.event, sorted(str(names.get(one, one)) for one in row.audience if one != "g:desk"))
        for row in sorted(rows, key=lambda row: row.seq)
    ]


async def reached(desk: Desk, number: str) -> set[str]:
    """Who gets the messages about what is late, beyond the queue of the task."""
    rows = await desk.rows(outbox, outbox.c.number == number, outbox.c.event.in_(LATE))
    async with desk.engine.connect() as connection:
        people = await audience(connection, [row.seq for row in rows], desk.now, about_none=False)
    names = {identity: name for name, identity in desk.ids.items()}
    return {names[one.person] for found in people.values() for one in found if one.sees} - {
        "ingo",
        "ida",
        "robot",
    }


async def lead(desk: Desk, name: str | None) -> None:
    async with desk.owner.begin() as connection:
        manager = desk.ids[name] if name else None
        of_group = person_group.c.key == "confidants"
        await connection.execute(update(person_group).where(of_group).values(manager=manager))


@pytest.mark.parametrize(
    ("inside", "led_by", "first", "last"),
    [
        ([], None, ["g:confidants"], ["g:confidants"]),
        ([], "mona", ["g:confidants"], ["g:confidants"]),
        ([], "carl", ["carl"], ["g:confidants"]),
        (["ines"], None, ["ines"], ["ines"]),
    ],
)
async def test_what_is_late_in_a_restricted_record_stays_with_its_groups(
    desk: Desk, inside: list[str], led_by: str | None, first: list[str], last: list[str]
) -> None:
    """Ines manages the task's group and owns the processes; only as a member of the named group is she told."""
    for name in inside:
        await desk.join(name, "confidants")
    await lead(desk, led_by)
    number = await late(desk)
    assert await told(desk, number) == list(zip(LATE, (first, first, last), strict=True))
    assert {*inside} <= await reached(desk, number) <= {"carl", *inside}
    seen = {row.subject for row in await desk.rows(sight, sight.c.number == number)}
    assert not seen & {f"p:{desk.ids[name]}" for name in ("ines", "mona")}
    assert "f:it" not in seen
    await lead(desk, None)


@pytest.mark.parametrize(("left", "whom"), [([], "ines"), (["ines"], "root")])
async def test_where_nobody_is_in_its_groups_who_can_mend_that_is_told_without_content(
    desk: Desk, left: list[str], whom: str
) -> None:
    await desk.quit("carl", "confidants")
    for name in left:
        await desk.leave(name)
    number = await late(desk)
    events = await desk.rows(security_event, security_event.c.number == number)
    assert {row.kind for row in events} == {"unattended"}
    rows = [
        row
        for row in await desk.rows(outbox, outbox.c.event == "task.unattended")
        if row.number in {one.detail for one in events}
    ]
    assert len(rows) == len(events) == len(LATE)
    for row in rows:
        assert row.audience == [f"p:{desk.ids[whom]}"]
        assert row.facts == {"kind": "it", "group": "confidants"}
        assert number not in f"{row.id} {row.number} {row.subject}"
    assert await reached(desk, number) == set()
