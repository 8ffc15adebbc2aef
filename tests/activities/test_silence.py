"""A record that is silent about somebody: before its hour nothing lets them see it, and nobody asks them."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from steadydesk.contracts.request_commands import Open, Reschedule
from steadydesk.policies.assertion import unsigned
from steadydesk.records.directory_standing import standing
from steadydesk.records.tables.process import reservation
from steadydesk.records.views.visibility import Viewer, relations
from tests.support.request_desk import Desk

DAY = timedelta(days=1)


async def why_seen(desk: Desk, number: str, who: str) -> list[str]:
    async with desk.engine.connect() as connection:
        found = await standing(connection, desk.ids[who], desk.now)
        assert found is not None
        return await relations(connection, Viewer.of(found, desk.now), number)


async def ordered(desk: Desk, item: str, whom: str = "rita") -> str:
    day = (desk.now + 10 * DAY).date().isoformat()
    return await desk.order(item, requested_for=whom, by="ralf", variables={"day": day})


@pytest.mark.parametrize("who", ["rita", "rita-admin"])
async def test_who_it_is_about_sees_it_from_its_hour_on(desk: Desk, who: str) -> None:
    """Whichever of their accounts is in a group that the record names."""
    await desk.join(who, "confidants")
    number = await ordered(desk, "silent-case")
    assert await why_seen(desk, number, who) == []
    assert await why_seen(desk, number, "carl") == ["restricted_group"]
    desk.now += 11 * DAY
    assert "restricted_group" in await why_seen(desk, number, who)


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
