"""A record that is silent about somebody: before its hour nothing lets them see it, and nobody asks them."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from steadydesk.contracts.gate import GateState
from steadydesk.contracts.request_commands import Open, Reschedule, TaskAction, Watch
from steadydesk.policies.assertion import unsigned
from steadydesk.records.delivery_audience import who_sees
from steadydesk.records.directory_standing import standing
from steadydesk.records.tables.process import record, reservation, sight
from steadydesk.records.views.visibility import Viewer, relations, sight_of, visible
from tests.support.request_desk import Desk, refused

DAY = timedelta(days=1)


async def why_seen(desk: Desk, number: str, who: str) -> list[str]:
    async with desk.engine.connect() as connection:
        found = await standing(connection, desk.ids[who], desk.now)
        assert found is not None
        why = await relations(connection, Viewer.of(found, desk.now), number)
        told = await who_sees(connection, [(number, desk.ids[who])], desk.now, about_none=False)
    assert bool(told) == bool(why), "messages obey the same predicate"
    return why


async def ordered(desk: Desk, item: str, whom: str = "rita") -> str:
    day = (desk.now + 10 * DAY).date().isoformat()
    return await desk.order(item, requested_for=whom, by="ralf", variables={"day": day})


@pytest.mark.parametrize(
    ("about", "who"),
    [("rita", "rita"), ("rita", "rita-admin"), ("rita-admin", "rita"), ("rita-admin", "rita-third")],
)
async def test_who_it_is_about_sees_it_from_its_hour_on(desk: Desk, about: str, who: str) -> None:
    """Whichever of their accounts is in a group that the record names, and whichever it is about."""
    await desk.join(who, "confidants")
    number = await ordered(desk, "silent-case", about)
    assert await why_seen(desk, number, who) == await by_others(desk, number, who) == []
    assert await why_seen(desk, number, "carl") == ["restricted_group"]
    desk.now += 11 * DAY
    assert "restricted_group" in await why_seen(desk, number, who)
    assert await by_others(desk, number, who) == ["lists", "figures", "messages"]


async def test_nobody_watches_by_another_account(desk: Desk) -> None:
    number = await ordered(desk, "silent-and-asking", "rita-admin")
    selma, *theirs = [
        Watch(assertion=unsigned(), person=desk.ids[name]) for name in ("selma", "rita", "rita-third")
    ]
    await desk.requests.record_watcher(desk.write(number, selma, "ralf"))
    for watch in theirs:
        assert await refused(desk.requests.record_watcher(desk.write(number, watch, "ralf"))) == "NotAllowed"


@pytest.mark.parametrize("who", ["rita", "rita-third"])
async def test_nobody_is_given_a_task_of_what_is_kept_from_them(desk: Desk, who: str) -> None:
    """It would wait for somebody who does not see it, with a colleague who wonders why."""
    await desk.join(who, "desk")
    number = await ordered(desk, "silent-by-hand", "rita")
    task = (await desk.task(number, "one")).number
    given = desk.act(number, task, TaskAction.ASSIGN, assignee=desk.ids[who])
    assert await refused(given) == "InvalidInput"
    assert (await desk.task(number, "one")).assigned_to is None
    desk.now += 11 * DAY
    await desk.act(number, task, TaskAction.ASSIGN, assignee=desk.ids[who])
    assert (await desk.task(number, "one")).assigned_to == desk.ids[who]


async def by_others(desk: Desk, number: str, who: str) -> list[str]:
    """Which of lists, figures by sight and messages let them see it."""
    async with desk.engine.connect() as connection:
        found = await standing(connection, desk.ids[who], desk.now)
        assert found is not None
        viewer = Viewer.of(found, desk.now)
        ways = {"lists": viewer, "figures": (await sight_of(connection, viewer)).at(desk.now)}
        of_it = select(record.c.number).where(record.c.number == number)
        seen = [way for way, one in ways.items() if await connection.scalar(of_it.where(visible(one)))]
        told = await who_sees(connection, [(number, desk.ids[who])], desk.now, about_none=False)
        return [*seen, *(["messages"] if told else [])]


async def test_whom_it_is_about_nobody_asks(desk: Desk) -> None:
    assert await desk.asked(f"{await ordered(desk, 'silent-and-asking', 'ann')}-G1") == ["ben", "cem"]
    own = await desk.order(
        "silent-and-asking", by="ann", requested_for="ann", variables={"day": "2026-12-01"}
    )
    assert "ann" not in await desk.asked(f"{own}-G1"), "the policy leaves out who orders"


async def test_the_people_of_every_line_are_kept_from_a_restricted_record(desk: Desk) -> None:
    """It is for one of them to see one day, and for the other never."""
    await desk.join("selma", "confidants")
    day = (desk.now + 10 * DAY).date().isoformat()
    items = ("silent-case", "silent-case")
    number = await desk.reserve(*items, by="ralf", requested_for="rita", variables={"day": day})
    of_it = reservation.c.number == number
    async with desk.owner.begin() as connection:
        order = (await connection.execute(select(reservation.c.order).where(of_it))).scalar_one()
        order["items"][1]["requested_for"] = desk.ids["selma"]
        await connection.execute(update(reservation).where(of_it).values(order=order))
    write = desk.write(number, Open(assertion=unsigned()), "ralf", step="u:open")
    await desk.requests.open_request(write)
    assert await why_seen(desk, number, "selma") == await why_seen(desk, number, "rita") == []
    desk.now += 11 * DAY
    assert await why_seen(desk, number, "selma") == ["restricted_group"]
    assert await why_seen(desk, number, "rita") == ["requested_for"]


async def test_who_orders_for_themselves_keeps_seeing_it(desk: Desk) -> None:
    day = (desk.now + 10 * DAY).date().isoformat()
    number = await desk.order("silent-and-asking", variables={"day": day})
    later = Reschedule(assertion=unsigned(), effective_at=desk.now + 20 * DAY)
    await desk.requests.record_effective_date(desk.write(number, later, "rita"))
    assert await why_seen(desk, number, "rita") == ["requester"]


async def test_their_delegates_do_not_see_by_them_what_is_kept_from_them(desk: Desk) -> None:
    """The gate opened, and asked them, before the record became silent about them."""
    number = await desk.order(
        "silent-and-asking", by="ralf", requested_for="ann", variables={"day": "2026-03-01"}
    )
    await desk.delegate("ann", "dan")
    assert await why_seen(desk, number, "dan") == ["approver"]
    later = Reschedule(assertion=unsigned(), effective_at=desk.now + 20 * DAY)
    await desk.requests.record_effective_date(desk.write(number, later, "ralf"))
    await desk.delegate("ann", "selma")
    await desk.delegate("ben", "lea")
    await desk.delegate("ben", "leo", policies="silent-and-asking,board-any")
    assert {name: await why_seen(desk, number, name) for name in ("ann", "dan", "selma", "lea", "leo")} == {
        "ann": [],
        "dan": [],
        "selma": [],
        "lea": ["approver"],
        "leo": ["approver"],
    }
    desk.now += 21 * DAY
    assert await why_seen(desk, number, "dan") == ["approver"]


@pytest.mark.parametrize("about", ["ann", "ann-two"])
async def test_who_was_asked_before_it_became_silent_about_them_is_not_waited_for(
    desk: Desk, about: str
) -> None:
    number = await desk.order(
        "silent-and-asking-all", by="ralf", requested_for=about, variables={"day": "2026-03-01"}
    )
    gate = f"{number}-G1"
    await desk.decide(gate, "approved", "ben")
    assert "ann" in await desk.asked(gate)
    later = Reschedule(assertion=unsigned(), effective_at=desk.now + 20 * DAY)
    await desk.requests.record_effective_date(desk.write(number, later, "ralf"))
    assert await desk.asked(gate) == ["ben", "cem"]
    await desk.decide(gate, "approved", "cem")
    assert (await desk.gate(gate)).state is GateState.APPROVED


async def test_nor_by_another_account_of_theirs(desk: Desk) -> None:
    await desk.join("rita-admin", "board")
    number = await ordered(desk, "silent-and-asking")
    async with desk.owner.begin() as connection:
        await connection.execute(
            insert(sight).values(
                subject=f"p:{desk.ids['rita-admin']}",
                number=number,
                why="approver",
                open=True,
                changed_at=desk.now,
            )
        )
    await desk.delegate("rita-admin", "dan")
    assert await why_seen(desk, number, "dan") == []
