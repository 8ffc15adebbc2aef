"""Who sees what, asked for many pairs at once: as for each pair alone, and as lists show it."""

import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.records.delivery_audience import who_sees
from steadydesk.records.directory_standing import standing
from steadydesk.records.tables.approval import approver, gate
from steadydesk.records.tables.directory import delegation, membership, person, person_group, role_holder
from steadydesk.records.tables.process import record
from steadydesk.records.views.visibility import Viewer, visible
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.delivery_scene import NOW, Scene, delivery_scene
from tests.support.statements import statements

GROUPS = ("desk", "payroll", "night", "gone")
HOUR = timedelta(hours=1)
SINCE = (None, NOW - HOUR, NOW, NOW + HOUR)
UNTIL = (None, None, NOW - HOUR, NOW, NOW + 2 * HOUR)
WHY = ("approver", "approver", "requester", "requested_for", "watcher")


@pytest.fixture(scope="module")
async def scene(postgres: EmbeddedPostgres) -> AsyncIterator[Scene]:
    async with delivery_scene(postgres, "pairs") as opened:
        yield opened


def accounts(chance: random.Random) -> list[dict[str, Any]]:
    """People, and second and third accounts of some of them; a few have left."""
    names = [f"p_a{place:011d}" for place in range(24)]
    others = [(f"p_b{place:011d}", chance.choice(names[:8])) for place in range(12)]
    fixed: dict[str, Any] = {"updated_at": NOW, "email": None}
    return [
        {"id": name, "user_name": name, "name": name, "natural_person": natural} | fixed
        for name, natural in [*((name, None) for name in names), *others]
    ]


async def directory(scene: Scene, chance: random.Random) -> list[str]:
    rows: list[dict[str, Any]] = [row | {"active": chance.random() < 0.85} for row in accounts(chance)]
    people: list[str] = [row["id"] for row in rows]
    await scene.add(person, rows)
    fixed = {"updated_at": NOW}
    await scene.add(
        person_group, [{"key": key, "label": key, "active": key != "gone"} | fixed for key in GROUPS]
    )
    members = [(key, who) for key in GROUPS for who in people if chance.random() < 0.2]
    await scene.add(membership, [{"group_key": key, "person": who} for key, who in members])
    owners = [(who, function) for function in ("it", "hr") for who in chance.sample(people, 5)]
    await scene.add(
        role_holder,
        [
            {"person": who, "function": function, "role": chance.choice(["process_owner", "operator"])}
            for who, function in owners
        ],
    )
    await scene.add(delegation, [delegated(f"d{place}", people, chance) for place in range(50)])
    return people


def delegated(identity: str, people: list[str], chance: random.Random) -> dict[str, Any]:
    delegator, delegate = chance.sample(people, 2)
    begins = NOW + chance.choice([-2, -1, 0, 1]) * HOUR
    return {
        "id": identity,
        "delegator": delegator,
        "delegate": delegate,
        "made_by": delegator,
        "made_at": NOW,
        "begins_at": begins,
        "ends_at": begins + chance.choice([1, 2, 3]) * HOUR,
        "ended_at": NOW - HOUR if chance.random() < 0.2 else None,
        "policies": chance.choice([None, "access", "access,travel"]),
    }


async def requests(scene: Scene, chance: random.Random, people: list[str]) -> list[str]:
    """Half of them silent about one of the people, whom most of these ask at a gate."""
    numbers = [await scene.record(f"REQ{place:07d}") for place in range(40)]
    subjects = [*(f"p:{who}" for who in people), *(f"g:{key}" for key in GROUPS), "f:it", "f:hr"]
    for number in numbers:
        about = f"p:{chance.choice(people)}"
        rows: dict[tuple[str, str], tuple[datetime | None, datetime | None]] = {}
        if chance.random() < 0.5:
            rows[about, "requested_for"] = (NOW + HOUR, None)
        for subject in [*chance.sample(subjects, 5), chance.choice(subjects[-6:]), about]:
            rows.setdefault((subject, chance.choice(WHY)), (chance.choice(SINCE), chance.choice(UNTIL)))
        for (subject, why), (since, until) in rows.items():
            await scene.see(subject, number, why=why, begins_at=since, until=until)
        asked = {subject[2:] for subject, why in rows if why == "approver" and subject.startswith("p:")}
        await ask(scene, number, chance, sorted(asked | set(chance.sample(people, 2))))
    return numbers


async def ask(scene: Scene, number: str, chance: random.Random, people: list[str]) -> None:
    state = {"opened_at": NOW, "state": "requested"}
    fixed = {"label": {}, "stage": "x", "content_hash": "x", "policy": chance.choice(["access", "travel"])}
    await scene.add(gate, {"id": f"{number}-G1", "owner": number} | fixed | state)
    said = {"gate": f"{number}-G1", "capacity": "own"} | state
    await scene.add(approver, [said | {"person": who} for who in people])


async def listed(connection: AsyncConnection, people: list[str]) -> set[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    for who in people:
        found = await standing(connection, who, NOW)
        assert found is not None
        wanted: Select[str] = select(record.c.number).where(visible(Viewer.of(found, NOW)))
        seen |= {(number, who) for number in await connection.scalars(wanted)}
    return seen


@pytest.mark.parametrize(("seed", "counted"), [(1, False), (2, True), (3, False)])
async def test_many_pairs_are_answered_as_each_alone(scene: Scene, seed: int, counted: bool) -> None:
    """Whether or not the planner knows how much there is."""
    await scene.clear()
    chance = random.Random(seed)
    people = await directory(scene, chance)
    numbers = await requests(scene, chance, people)
    if counted:
        await scene.count()
    pairs = [(number, who) for number in numbers for who in people]
    async with scene.engine.connect() as connection:
        seen = await listed(connection, people)
        for asked in (pairs, chance.sample(pairs, 300)):
            assert await who_sees(connection, asked, NOW, about_none=False) == seen & set(asked)
        for pair in chance.sample(pairs, 150):
            assert await who_sees(connection, [pair], NOW, about_none=False) == seen & {pair}
    assert 0 < len(seen) < len(pairs)


async def test_no_plan_keeps_a_hash_of_the_pair_before(scene: Scene) -> None:
    """Two conditions of one plan that share a hashed subquery: only one of them hears that the pair is another."""
    pairs = [(f"REQ{place:07d}", "p_a") for place in range(200)]
    with statements(scene.engine.sync_engine) as said:
        async with scene.engine.connect() as connection:
            await who_sees(connection, pairs, NOW, about_none=False)
    (statement, asked) = next(one for one in said if "unnest" in one[0])
    async with scene.engine.connect() as connection:
        found = await connection.exec_driver_sql(f"EXPLAIN {statement}", asked)
        plan: list[Row[Any]] = list(found)
    assert plan
    assert not [line[0] for line in plan if "hashed SubPlan" in line[0]]
