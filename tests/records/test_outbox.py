"""The outbox: one statement, in order, and a repeat of the step changes nothing."""

import pytest
from pydantic import ValidationError

from steadydesk.contracts.delivery import Message
from steadydesk.records import outbox
from steadydesk.records.tables import delivery
from tests.support.delivery_scene import NOW, Scene


def message(place: int, **more: object) -> Message:
    values = {
        "id": f"REQ0000001:open:{place}",
        "event": "request.opened",
        "number": "REQ0000001",
        "audience": ["p:p_aaaaaaaaaaaa", "g:it-desk"],
        "facts": {"expected_at": NOW.isoformat(), "item": {"en": "Laptop"}},
        "at": NOW,
    }
    return Message.model_validate(values | more)


async def test_messages_are_kept_in_their_order(scene: Scene) -> None:
    messages = [message(place) for place in (3, 1, 2)]
    async with scene.engine.begin() as connection:
        await outbox.post(connection, messages)
    rows = sorted(await scene.rows(delivery.outbox), key=lambda row: row.seq)
    assert [row.id for row in rows] == [each.id for each in messages]
    assert (rows[0].audience, rows[0].facts, rows[0].at) == (
        messages[0].audience,
        messages[0].facts,
        NOW,
    )
    assert rows[0].fanned_out_at is None
    assert rows[0].subject is None


async def test_a_repeat_changes_nothing(scene: Scene) -> None:
    for facts in ({"state": "open"}, {"state": "other"}):
        async with scene.engine.begin() as connection:
            await outbox.post(connection, [message(1, facts=facts), message(2)])
    rows = await scene.rows(delivery.outbox)
    assert len(rows) == 2
    assert {row.facts.get("state") for row in rows} == {"open", None}


async def test_nothing_to_say_is_no_statement(scene: Scene) -> None:
    async with scene.engine.connect() as connection:
        await outbox.post(connection, [])
        assert not connection.in_transaction()


async def test_a_rolled_back_transition_says_nothing(scene: Scene) -> None:
    async with scene.engine.connect() as connection:
        await outbox.post(connection, [message(1)])
        await connection.rollback()
    assert await scene.rows(delivery.outbox) == []


@pytest.mark.parametrize("audience", ["anna", "x:anna", "p:", "p: anna"])
def test_an_audience_has_a_kind_and_a_name(audience: str) -> None:
    with pytest.raises(ValidationError, match="audience"):
        message(1, audience=[audience])
