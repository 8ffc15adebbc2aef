"""Fan-out: the right people, each once, and nobody who may not see the record."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from steadydesk.records import subscription
from steadydesk.records.tables.delivery import delivery, outbox, preference
from steadydesk.records.tables.directory import delegation, role_holder
from tests.support.delivery_scene import NOW, Scene

REQ = "REQ0000001"


async def test_people_groups_and_owners_each_get_it_once(scene: Scene) -> None:
    anna = await scene.person(groups=["desk"])
    ben = await scene.person("Ben Ott", groups=["desk"])
    carl = await scene.person("Carl Uhl")
    await scene.add(role_holder, {"person": carl, "role": "process_owner", "function": "it"})
    await scene.record(REQ, ["g:desk", "f:it"])
    await scene.post(REQ, [f"p:{anna}", "g:desk", "f:it"])
    done = await scene.fan_out()
    assert (done.rows, done.targets, done.more) == (1, ["mail"], False)
    assert await scene.in_app() == sorted((who, REQ) for who in (anna, ben, carl))
    assert sorted(row.recipient for row in await scene.rows(delivery)) == sorted([anna, ben, carl])
    assert {row.target for row in await scene.rows(delivery)} == {"mail"}


async def test_a_repeat_changes_nothing(scene: Scene) -> None:
    anna = await scene.person()
    await scene.record(REQ, [f"p:{anna}"])
    await scene.post(REQ, [f"p:{anna}"])
    await scene.fan_out()
    before = await scene.rows(delivery)
    assert (await scene.fan_out()).rows == 0
    async with scene.engine.begin() as connection:
        await connection.execute(outbox.update().values(fanned_out_at=None))
    assert (await scene.fan_out(NOW + timedelta(hours=1))).rows == 1
    assert await scene.rows(delivery) == before
    assert len(await scene.in_app()) == 1


async def test_who_may_not_see_the_record_gets_nothing(scene: Scene) -> None:
    anna, ben = await scene.person(), await scene.person("Ben Ott")
    await scene.record(REQ, [f"p:{anna}"])
    await scene.post(REQ, [f"p:{anna}", f"p:{ben}"])
    await scene.fan_out()
    assert await scene.in_app() == [(anna, REQ)]
    states = {row.recipient: (row.state, row.problem) for row in await scene.rows(delivery)}
    assert states == {anna: ("queued", None), ben: ("suppressed", "may not see the record")}


async def test_a_silent_record_is_silent_until_its_hour(scene: Scene) -> None:
    leaver = await scene.person()
    await scene.record(REQ)
    await scene.see(f"p:{leaver}", REQ, begins_at=NOW + timedelta(hours=1))
    await scene.post(REQ, [f"p:{leaver}"])
    await scene.fan_out()
    assert await scene.in_app() == []
    await scene.post(REQ, [f"p:{leaver}"])
    await scene.fan_out(NOW + timedelta(hours=2))
    assert await scene.in_app() == [(leaver, REQ)]


async def test_sight_that_has_ended_is_none(scene: Scene) -> None:
    anna = await scene.person()
    await scene.record(REQ)
    await scene.see(f"p:{anna}", REQ, until=NOW)
    await scene.post(REQ, [f"p:{anna}"])
    await scene.fan_out()
    assert await scene.in_app() == []


async def test_a_task_is_seen_with_its_process(scene: Scene) -> None:
    anna = await scene.person()
    await scene.record(REQ, [f"p:{anna}"])
    await scene.record("SCTASK0000001", owner=REQ)
    await scene.post("SCTASK0000001", [f"p:{anna}"], "task.opened")
    await scene.fan_out()
    assert await scene.in_app() == [(anna, "SCTASK0000001")]


async def test_a_delegate_hears_of_what_they_may_decide_and_of_nothing_else(scene: Scene) -> None:
    boss, deputy = await scene.person(), await scene.person("Ben Ott")
    span = {"begins_at": NOW - timedelta(days=1), "ends_at": NOW + timedelta(days=1)}
    made = {"made_by": boss, "made_at": NOW, "delegator": boss, "delegate": deputy}
    await scene.add(delegation, {"id": "d1", **span, **made})
    await scene.record(REQ)
    await scene.see(f"p:{boss}", REQ, why="approver")
    await scene.record("REQ0000002", [f"p:{boss}"])
    for number in (REQ, "REQ0000002"):
        await scene.post(number, [f"p:{deputy}"], "approval.requested")
    await scene.fan_out()
    assert await scene.in_app() == [(deputy, REQ)]


async def test_a_message_about_no_record_reaches_its_audience(scene: Scene) -> None:
    anna = await scene.person()
    await scene.post("d_delegation", [f"p:{anna}"], "delegation.made")
    await scene.post("nothing-there", [f"p:{anna}"], "request.opened")
    await scene.fan_out()
    assert await scene.in_app() == [(anna, "d_delegation")]


async def test_leavers_and_service_accounts_get_nothing(scene: Scene) -> None:
    gone = await scene.person(active=False)
    robot = await scene.person("Robot", service_account=True)
    await scene.record(REQ, [f"p:{gone}", f"p:{robot}"])
    await scene.post(REQ, [f"p:{gone}", f"p:{robot}"])
    assert (await scene.fan_out()).targets == []
    assert await scene.in_app() == []
    assert await scene.rows(delivery) == []


async def test_preferences_are_kept_but_not_for_mandatory_events(scene: Scene) -> None:
    anna = await scene.person()
    await scene.record(REQ, [f"p:{anna}"])
    for event, channel, wanted in (
        ("*", "mail", False),
        ("request.completed", "mail", True),
        ("request.opened", "in_app", False),
    ):
        await scene.add(preference, {"person": anna, "event": event, "channel": channel, "wanted": wanted})
    for event in ("request.opened", "request.completed", "break-glass.used"):
        await scene.post(REQ, [f"p:{anna}"], event, id=event)
    await scene.fan_out()
    assert [row.outbox_id for row in await scene.rows(delivery)] == ["request.completed", "break-glass.used"]
    assert len(await scene.in_app()) == 2


async def test_no_address_is_said_and_one_address_gets_it_once(scene: Scene) -> None:
    silent = await scene.person(email=None)
    first = await scene.person(email="Same@example.com")
    second = await scene.person(email="same@example.com")
    audience = [f"p:{who}" for who in (silent, first, second)]
    await scene.record(REQ, audience)
    await scene.post(REQ, audience)
    await scene.fan_out()
    assert len(await scene.in_app()) == 3
    rows = await scene.rows(delivery)
    assert sorted((row.state, row.problem) for row in rows) == [
        ("queued", None),
        ("suppressed", "has no e-mail address"),
    ]


async def test_without_a_mail_server_the_list_keeps_all(scene: Scene) -> None:
    anna = await scene.person()
    await scene.record(REQ, [f"p:{anna}"])
    await scene.post(REQ, [f"p:{anna}"])
    assert (await scene.fan_out(mail=False)).targets == []
    assert await scene.in_app() == [(anna, REQ)]
    assert await scene.rows(delivery) == []


async def test_webhooks_get_public_events_that_their_owner_sees(scene: Scene) -> None:
    anna, robot = await scene.person(), await scene.person("Robot", service_account=True)
    await scene.record(REQ, [f"p:{robot}"])
    await scene.record("REQ0000002", [f"p:{anna}"])
    wide = await scene.subscribe(robot, "https://hooks.example/a", "*")
    narrow = await scene.subscribe(robot, "https://hooks.example/b", "approval.*", "request.completed")
    for number, event in (
        (REQ, "request.opened"),
        (REQ, "approval.decided"),
        (REQ, "feedback.complaint"),
        ("REQ0000002", "request.opened"),
    ):
        await scene.post(number, [], event, id=f"{number}-{event}")
    done = await scene.fan_out()
    assert done.targets == sorted([f"webhook-{wide.id}", f"webhook-{narrow.id}"])
    got = {(row.recipient, row.outbox_id) for row in await scene.rows(delivery)}
    assert got == {
        (wide.id, f"{REQ}-request.opened"),
        (wide.id, f"{REQ}-approval.decided"),
        (narrow.id, f"{REQ}-approval.decided"),
    }


async def test_a_replay_sends_again_and_only_what_is_seen_now(scene: Scene) -> None:
    robot = await scene.person("Robot", service_account=True)
    await scene.record(REQ, [f"p:{robot}"])
    await scene.record("REQ0000002")
    await scene.post(REQ, [], id="before")
    await scene.fan_out()
    hook = await scene.subscribe(robot, "https://hooks.example/a")
    await scene.post(REQ, [], id="after")
    await scene.post("REQ0000002", [], id="hidden")
    await scene.fan_out()
    assert [row.outbox_id for row in await scene.rows(delivery)] == ["after"]
    async with scene.engine.begin() as connection:
        await connection.execute(delivery.update().values(state="dead", attempts=10, ended_at=NOW))
        replayed = await subscription.replay(connection, hook.id, 0, NOW)
        newest = await connection.scalar(select(func.max(outbox.c.seq)))
    assert (replayed.queued, replayed.after, replayed.more) == (2, newest, False)
    rows = {row.outbox_id: (row.state, row.attempts) for row in await scene.rows(delivery)}
    assert rows == {"before": ("queued", 0), "after": ("queued", 0)}


async def test_a_replay_goes_on_where_the_one_before_ended(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also past positions that the subscription does not take."""
    monkeypatch.setattr(subscription, "REPLAY_LIMIT", 2)
    robot = await scene.person("Robot", service_account=True)
    await scene.record(REQ, [f"p:{robot}"])
    hook = await scene.subscribe(robot, "https://hooks.example/a")
    for _ in range(2):
        await scene.post("REQ0000002", [])
    await scene.post(REQ, [], id="mine")
    await scene.fan_out()
    async with scene.engine.begin() as connection:
        first = await subscription.replay(connection, hook.id, 0, NOW)
        second = await subscription.replay(connection, hook.id, first.after, NOW)
        last = await subscription.replay(connection, hook.id, second.after, NOW)
    assert [(one.queued, one.more) for one in (first, second, last)] == [(0, True), (1, False), (0, False)]
    assert first.after < second.after == last.after


async def test_person_left_without_an_audience_goes_to_the_process(scene: Scene) -> None:
    anna = await scene.person()
    await scene.record(REQ, [f"p:{anna}"])
    await scene.post(REQ, [], "person.left", facts={"person": anna})
    await scene.post(REQ, [f"p:{anna}"], "person.left", facts={"person": anna})
    done = await scene.fan_out()
    assert done.targets == ["mail", "processes"]
    assert sorted((row.channel, row.recipient) for row in await scene.rows(delivery)) == sorted(
        [("process", REQ), ("mail", anna)]
    )


async def test_an_event_of_a_newer_release_is_still_told(scene: Scene) -> None:
    anna = await scene.person()
    await scene.record(REQ, [f"p:{anna}"])
    await scene.subscribe(anna, "https://hooks.example/a")
    await scene.post(REQ, [f"p:{anna}"], "future.thing")
    await scene.fan_out()
    assert await scene.in_app() == [(anna, REQ)]
    assert [row.channel for row in await scene.rows(delivery)] == ["mail"]


async def test_rows_are_taken_in_batches(scene: Scene) -> None:
    anna = await scene.person()
    await scene.record(REQ, [f"p:{anna}"])
    for _ in range(3):
        await scene.post(REQ, [f"p:{anna}"])
    assert [(await scene.fan_out(limit=2)).more for _ in range(2)] == [True, False]
    assert len(await scene.in_app()) == 3
