"""Messages obey the one predicate: for every person and record, fan-out decides as the lists do."""

import random
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from steadydesk.records.delivery_audience import who_sees
from steadydesk.records.directory_standing import standing
from steadydesk.records.tables.approval import approver, gate
from steadydesk.records.tables.directory import delegation, role_holder
from steadydesk.records.tables.process import record
from steadydesk.records.views.visibility import Viewer, relations, sight_of, visible
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.delivery_scene import NOW, Scene, delivery_scene

GROUPS = ("desk", "payroll", "night")
FUNCTIONS = ("it", "hr")
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
async def scene(postgres: EmbeddedPostgres) -> AsyncIterator[Scene]:
    async with delivery_scene(postgres, "sight") as opened:
        yield opened


async def populate(scene: Scene, chance: random.Random) -> tuple[list[str], list[str]]:
    people = [
        await scene.person(
            f"Person {place}", chance.sample(GROUPS, chance.randint(0, 2)), active=chance.random() < 0.8
        )
        for place in range(8)
    ]
    people += [
        await scene.person("Again", chance.sample(GROUPS, 1), natural_person=chance.choice(people[:3]))
        for _ in range(3)
    ]
    for person in people[:4]:
        role = chance.choice(["process_owner", "operator"])
        await scene.add(role_holder, {"person": person, "role": role, "function": chance.choice(FUNCTIONS)})
    people.append(await scene.person("Other account", natural_person=people[0]))
    for place in range(8):
        delegator, delegate = chance.sample(people, 2)
        begins = NOW + chance.choice([-2, -1, 1]) * HOUR
        ended = NOW - HOUR if chance.random() < 0.2 else None
        span = {"begins_at": begins, "ends_at": begins + 3 * HOUR, "ended_at": ended}
        who = {"delegator": delegator, "delegate": delegate, "made_by": delegator, "made_at": NOW}
        policies = {"policies": chance.choice([None, "access", "access,travel"])}
        await scene.add(delegation, {"id": f"d{place}"} | span | who | policies)
    numbers = [await scene.record(f"REQ{place:07d}") for place in range(12)]
    numbers += [await scene.record(f"SCTASK{place:07d}", owner=numbers[place]) for place in range(3)]
    subjects = [f"p:{person}" for person in people] + [f"g:{group}" for group in GROUPS]
    subjects += [f"f:{function}" for function in FUNCTIONS]
    for number in numbers[:12]:
        for subject in chance.sample(subjects, 3):
            await scene.see(
                subject,
                number,
                why=chance.choice(["approver", "requester", "requested_for", "watcher"]),
                begins_at=chance.choice([None, NOW - HOUR, NOW, NOW + HOUR]),
                until=chance.choice([None, NOW - HOUR, NOW, NOW + 2 * HOUR]),
            )
        await ask(scene, number, chance.choice(["access", "travel", "hardware"]), chance.sample(people, 3))
    return people, numbers


async def ask(scene: Scene, number: str, policy: str, people: Sequence[str]) -> None:
    """A gate of the request at which the people are asked."""
    asked = {"gate": f"{number}-G1", "opened_at": NOW, "state": "requested"}
    fixed = {"label": {}, "stage": "x", "content_hash": "x", "state": "requested", "opened_at": NOW}
    await scene.add(gate, {"id": asked["gate"], "owner": number, "policy": policy} | fixed)
    for person in people:
        await scene.add(approver, asked | {"person": person, "capacity": "own"})


@pytest.mark.parametrize("seed", range(4))
async def test_fan_out_and_lists_agree(scene: Scene, seed: int) -> None:
    await scene.clear()
    people, numbers = await populate(scene, random.Random(seed))
    pairs = [(number, person) for number in numbers for person in people]
    async with scene.engine.connect() as connection:
        told = await who_sees(connection, pairs, NOW, about_none=False)
        listed: set[tuple[str, str]] = set()
        for person in people:
            found = await standing(connection, person, NOW)
            assert found is not None
            viewer = Viewer.of(found, NOW)
            by_subjects = (await sight_of(connection, viewer)).at(NOW)
            seen, counted = [
                set(await connection.scalars(select(record.c.number).where(visible(each))))
                for each in (viewer, by_subjects)
            ]
            assert counted == seen
            listed |= {(number, person) for number in seen}
            for number in numbers[:12]:
                why = await relations(connection, viewer, number)
                assert bool(why) == ((number, person) in listed)
    assert told == listed
    assert 0 < len(told) < len(pairs)


async def test_who_decides_by_one_policy_sees_what_was_asked_by_it_alone(scene: Scene) -> None:
    await scene.clear()
    boss, deputy = await scene.person("Boss"), await scene.person("Deputy")
    span = {"begins_at": NOW - HOUR, "ends_at": NOW + HOUR, "made_by": boss, "made_at": NOW}
    who = {"delegator": boss, "delegate": deputy}
    await scene.add(delegation, {"id": "d1", "policies": "access"} | span | who)
    for number, policy in (("REQ0000001", "access"), ("REQ0000002", "hardware")):
        await scene.record(number)
        await scene.see(f"p:{boss}", number, why="approver")
        await ask(scene, number, policy, [boss])
    await ask(scene, "REQ0000003", "access", [deputy])

    async def seen() -> list[str]:
        async with scene.engine.connect() as connection:
            found = await standing(connection, deputy, NOW)
            assert found is not None
            wanted = select(record.c.number).where(visible(Viewer.of(found, NOW)))
            return sorted(await connection.scalars(wanted))

    assert await seen() == ["REQ0000001"]
    await scene.add(delegation, {"id": "d2"} | span | who)
    assert await seen() == ["REQ0000001", "REQ0000002"]
