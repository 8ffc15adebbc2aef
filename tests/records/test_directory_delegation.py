import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from steadydesk.contracts.delegation import Delegation, NewAbsence, NewDelegation
from steadydesk.contracts.directory import PersonEdit
from steadydesk.errors import Conflict, InvalidInput, NotAllowed, UnknownRecord
from steadydesk.policies.delegation import entitled_through
from steadydesk.records.directory import edit_person
from steadydesk.records.directory_absence import add_absence, list_absences, remove_absence
from steadydesk.records.directory_approvers import approvers
from steadydesk.records.directory_delegation import delegate, end_delegation, list_delegations
from steadydesk.records.directory_departure import deactivate
from steadydesk.records.directory_events import Author, installation
from steadydesk.records.directory_import import apply_directory
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.journal import audit
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.directory import NOW, PEOPLE, database_of, standing_of
from tests.support.locks import until_it_waits

BY = installation(NOW)
DAY = timedelta(days=1)


async def let(
    connection: AsyncConnection,
    delegator: str,
    delegate_name: str,
    *,
    by: str | None = None,
    policies: list[str] | None = None,
    begins_at: datetime = NOW,
    ends_at: datetime = NOW + 3 * DAY,
) -> Delegation:
    """``delegator`` lets somebody decide for them; ``by`` makes it instead."""
    new = NewDelegation(
        delegator=(await standing_of(connection, delegator)).person.id,
        delegate=(await standing_of(connection, delegate_name)).person.id,
        policies=policies,
        begins_at=begins_at,
        ends_at=ends_at,
    )
    who = await standing_of(connection, by or delegator)
    return await delegate(connection, new, who, Author(who.person.id, NOW))


async def test_it_holds_for_its_time_and_its_policies(connection: AsyncConnection) -> None:
    made = await let(connection, "ada", "bob", policies=["spending", "access"], begins_at=NOW + DAY)
    moments = {NOW: False, NOW + DAY: True, NOW + 3 * DAY - timedelta(seconds=1): True, NOW + 3 * DAY: False}
    for moment, holds in moments.items():
        bob = await standing_of(connection, "bob", moment)
        assert [one.delegator for one in bob.stands_for] == ([made.delegator] if holds else [])
        assert (f"p:{made.delegator}" in bob.sight) is holds
        assert f"p:{made.delegator}" not in bob.own_sight
        for policy, covered in (("spending", True), ("access", True), ("spend", False), (None, False)):
            facts = await approvers(connection, [made.delegator], policy, moment)
            assert (made.delegate in facts[made.delegator].delegates) is (holds and covered)


async def test_it_is_never_passed_on(connection: AsyncConnection) -> None:
    first = await let(connection, "ada", "bob")
    second = await let(connection, "bob", "cleo")
    cleo = await standing_of(connection, "cleo")
    assert [one.delegator for one in cleo.stands_for] == [first.delegate]
    facts = await approvers(connection, [first.delegator], "any", NOW)
    assert entitled_through(first.delegate, facts.values()) == first.delegator
    assert entitled_through(second.delegate, facts.values()) is None
    new = NewDelegation(delegator=first.delegator, delegate=second.delegate, begins_at=NOW, ends_at=NOW + DAY)
    with pytest.raises(NotAllowed):
        await delegate(connection, new, await standing_of(connection, "bob"), BY)


async def test_somebody_else_makes_it_only_for_an_absent_person(connection: AsyncConnection) -> None:
    ada, mia = await standing_of(connection, "ada"), await standing_of(connection, "mia")
    for maker in ("mia", "root"):
        with pytest.raises(NotAllowed, match="absent"):
            await let(connection, "ada", "bob", by=maker)
    away = NewAbsence(begins_at=NOW + DAY, ends_at=NOW + 2 * DAY)
    entered = await add_absence(connection, ada.person.id, away, mia, BY)
    with pytest.raises(InvalidInput) as longer:
        await let(connection, "ada", "bob", by="mia")
    assert [problem.pointer for problem in longer.value.problems] == ["/begins_at", "/ends_at"]
    within = away.model_dump()
    made = await let(connection, "ada", "bob", by="mia", **within)
    assert made.made_by == mia.person.id
    await let(connection, "ada", "cleo", by="root", **within)
    with pytest.raises(NotAllowed, match="absent"):
        await let(connection, "ada", "bob", by="mia", ends_at=NOW + DAY)
    with pytest.raises(NotAllowed, match="Only the person"):
        await let(connection, "ada", "dan", by="cleo")
    assert await list_absences(connection, ada.person.id, ada, NOW) == [entered]
    facts = await approvers(connection, [ada.person.id], None, NOW + DAY)
    assert facts[ada.person.id].absent_until == away.ends_at
    await remove_absence(connection, ada.person.id, entered.id, ada, BY)
    with pytest.raises(UnknownRecord):
        await remove_absence(connection, ada.person.id, entered.id, ada, BY)


async def test_what_others_made_ends_with_the_absence_that_is_taken_back(connection: AsyncConnection) -> None:
    """What a second absence covers, and what the person made, goes on."""
    ada, mia = await standing_of(connection, "ada"), await standing_of(connection, "mia")
    spans = [(NOW, NOW + 2 * DAY), (NOW + DAY, NOW + 4 * DAY)]
    first, _ = [
        await add_absence(connection, ada.person.id, NewAbsence(begins_at=since, ends_at=until), mia, BY)
        for since, until in spans
    ]
    theirs = await let(connection, "ada", "cleo")
    lost = await let(connection, "ada", "bob", by="mia", ends_at=NOW + 3 * DAY)
    kept = await let(connection, "ada", "bob", by="mia", begins_at=NOW + DAY, ends_at=NOW + 4 * DAY)
    later = installation(NOW + timedelta(hours=1))
    await remove_absence(connection, ada.person.id, first.id, mia, later)
    assert await list_delegations(connection, ada.person.id, ada, later.at) == [theirs, kept]
    told = select(outbox.c.event).where(outbox.c.number == lost.id).order_by(outbox.c.seq)
    assert list(await connection.scalars(told)) == ["delegation.made", "delegation.ended"]


@pytest.mark.parametrize("made_first", [False, True])
async def test_one_made_while_the_absence_is_taken_back_does_not_outlive_it(
    postgres: EmbeddedPostgres, *, made_first: bool
) -> None:
    """Whichever of the two comes second waits for the other."""
    async with database_of(postgres, f"delegation_race_{made_first}".lower()) as engine:
        async with engine.begin() as connection:
            await apply_directory(connection, PEOPLE, NOW)
            ada, mia = await standing_of(connection, "ada"), await standing_of(connection, "mia")
            week = NewAbsence(begins_at=NOW, ends_at=NOW + 7 * DAY)
            entered = await add_absence(connection, ada.person.id, week, mia, BY)

        async def make(connection: AsyncConnection) -> list[Delegation]:
            return [await let(connection, "ada", "bob", by="mia")]

        async def take_back(connection: AsyncConnection) -> list[Delegation]:
            return await remove_absence(connection, ada.person.id, entered.id, ada, BY)

        second = await _beside(engine, *((make, take_back) if made_first else (take_back, make)))
        if made_first:
            assert [one.ended_at for one in await second] == [NOW]
        else:
            with pytest.raises(NotAllowed, match="absent"):
                await second


_Change = Callable[[AsyncConnection], Awaitable[list[Delegation]]]


async def _beside(engine: AsyncEngine, first: _Change, second: _Change) -> "asyncio.Task[list[Delegation]]":
    """The second, begun before the first is committed, and waiting for it if it ever does."""

    async def alone() -> list[Delegation]:
        async with engine.begin() as connection:
            return await second(connection)

    async with engine.begin() as connection:
        await first(connection)
        coming = asyncio.create_task(alone())
        await until_it_waits(engine, coming)
    return coming


async def test_absences_are_kept_by_who_answers_for_the_person(connection: AsyncConnection) -> None:
    ada, bob = await standing_of(connection, "ada"), await standing_of(connection, "bob")
    away = NewAbsence(begins_at=NOW, ends_at=NOW + DAY)
    with pytest.raises(NotAllowed):
        await add_absence(connection, ada.person.id, away, bob, BY)
    with pytest.raises(NotAllowed):
        await list_absences(connection, ada.person.id, bob, NOW)
    with pytest.raises(InvalidInput):
        await add_absence(connection, ada.person.id, away, ada, installation(NOW + 2 * DAY))


async def test_both_are_told_and_the_chain_keeps_who_made_it(connection: AsyncConnection) -> None:
    made = await let(connection, "ada", "bob")
    await end_delegation(connection, made.id, await standing_of(connection, "bob"), installation(NOW + DAY))
    rows = (
        await connection.execute(select(outbox).where(outbox.c.number == made.id).order_by(outbox.c.seq))
    ).all()
    assert [row.event for row in rows] == ["delegation.made", "delegation.ended"]
    assert all(set(row.audience) == {f"p:{made.delegator}", f"p:{made.delegate}"} for row in rows)
    kept = (
        await connection.execute(select(audit).where(audit.c.number == made.id).order_by(audit.c.position))
    ).all()
    assert [(row.event, row.actor) for row in kept] == [
        ("delegation.made", made.delegator),
        ("delegation.ended", "service"),
    ]


async def test_an_ended_one_is_over_for_everybody(connection: AsyncConnection) -> None:
    made = await let(connection, "ada", "bob")
    ada, bob, cleo = [await standing_of(connection, name) for name in ("ada", "bob", "cleo")]
    assert await list_delegations(connection, made.delegator, ada, NOW) == [made]
    assert await list_delegations(connection, made.delegate, bob, NOW) == [made]
    with pytest.raises(NotAllowed):
        await list_delegations(connection, made.delegator, cleo, NOW)
    with pytest.raises(UnknownRecord):
        await end_delegation(connection, made.id, cleo, BY)
    await end_delegation(connection, made.id, ada, BY)
    assert (await standing_of(connection, "bob")).stands_for == ()
    assert await list_delegations(connection, made.delegator, ada, NOW) == []
    with pytest.raises(Conflict):
        await end_delegation(connection, made.id, ada, BY)


async def test_nobody_stands_for_or_in_as_somebody_who_left(connection: AsyncConnection) -> None:
    made = await let(connection, "ada", "bob")
    await edit_person(connection, made.delegate, PersonEdit(name="Robert"), None, BY)
    await deactivate(connection, made.delegator, BY)
    assert (await standing_of(connection, "bob")).stands_for == ()
    with pytest.raises(InvalidInput) as caught:
        await let(connection, "cleo", "ada")
    assert [problem.pointer for problem in caught.value.problems] == ["/delegate"]


@pytest.mark.parametrize("other", ["robot", "dan-admin"])
async def test_neither_a_service_account_nor_ones_own_second_account_stands_in(
    connection: AsyncConnection, other: str
) -> None:
    with pytest.raises(InvalidInput):
        await let(connection, "dan", other)
