"""What people said is kept, and sent by the sweep until it is answered: by whomever, after whatever was killed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.service import RPCError, RPCStatusCode

from activities.sweep import SweepActivities
from steadydesk.contracts.kept_command import PEOPLES_COMMANDS, KeptCommand
from steadydesk.contracts.routine import RoutineDue
from tests.support.api_desk import ApiDesk
from workflows.grant import GrantWorkflow
from workflows.request import RequestWorkflow

RITA, MONA = "rita.requester", "mona.manager"
VPN = {"items": [{"item": "vpn-access", "variables": {"device": "Laptop of Rita"}}]}
LAPTOP = {"items": [{"item": "new-laptop", "variables": {"model": "light"}}]}


class Failing:
    """A sender that does not answer, or whose answer gets lost on the way, as long as it is told to."""

    def __init__(self, desk: ApiDesk) -> None:
        self.real: Any = desk.services.sender
        self.status: RPCStatusCode | None = None
        self.is_written = False
        self.sent: list[KeptCommand] = []

    async def deliver(self, kept: KeptCommand) -> dict[str, Any]:
        self.sent.append(kept)
        answer = await self.real.deliver(kept) if self.is_written or self.status is None else None
        if self.status is not None:
            raise RPCError("gone", self.status, b"")
        assert answer is not None
        return answer


@pytest.fixture
async def sender(desk: ApiDesk) -> AsyncIterator[Failing]:
    failing = Failing(desk)
    desk.services.sender = failing  # pyright: ignore[reportAttributeAccessIssue]
    yield failing
    desk.services.sender = failing.real


async def sweep(desk: ApiDesk, sender: Failing, later: timedelta = timedelta(seconds=40)) -> str:
    await desk.services.answered.write()
    sweeping = SweepActivities(desk.services.engine, sender)  # pyright: ignore[reportArgumentType]
    due = RoutineDue(name="sweep", at=datetime.now(UTC) + later)
    return (await sweeping.send_unanswered_commands(due)).words


async def laptop(desk: ApiDesk) -> tuple[str, str]:
    """A request in approval, and its gate."""
    view = await desk.post(RITA, "/requests", LAPTOP)
    shown = await desk.get(RITA, f"/requests/{view['number']}")
    return view["number"], shown["approvals"][0]["id"]


async def test_an_order_taken_in_while_temporal_is_away_is_opened_later(
    desk: ApiDesk, sender: Failing
) -> None:
    sender.status = RPCStatusCode.UNAVAILABLE
    response = await desk.call(RITA, "POST", "/requests", LAPTOP, Idempotency_Key="away")
    assert response.status_code == 202
    number = response.json()["number"]
    assert (await desk.get(RITA, f"/requests/{number}"))["state"] == "received"
    assert await sweep(desk, sender) == "0 of 1 commands answered"
    sender.status = None
    assert await sweep(desk, sender) == "", "due again only a minute later"
    assert await sweep(desk, sender, timedelta(minutes=2)) == "1 of 1 commands answered"
    assert (await desk.get(RITA, f"/requests/{number}"))["open"]
    assert await sweep(desk, sender, timedelta(minutes=9)) == ""
    again = await desk.call(RITA, "POST", "/requests", LAPTOP, Idempotency_Key="away")
    assert (again.status_code, again.json()["number"]) == (201, number)


async def test_a_vote_whose_answer_was_lost_is_sent_again_as_the_same_vote(
    desk: ApiDesk, sender: Failing
) -> None:
    number, gate = await laptop(desk)
    sender.status, sender.is_written = RPCStatusCode.UNAVAILABLE, True
    path = f"/approvals/{gate}/decision"
    response = await desk.call(
        MONA, "POST", path, {"decision": "approved", "comment": "Go"}, Idempotency_Key="lost"
    )
    assert response.status_code == 202
    sender.status = None
    assert await sweep(desk, sender) == "1 of 1 commands answered"
    first, again = sender.sent[-2:]
    assert first == again
    assert again.actor == await desk.person(MONA)
    async with desk.services.engine.connect() as connection:
        votes = await connection.scalar(text("SELECT count(*) FROM vote WHERE gate = :gate"), {"gate": gate})
    assert votes == 1
    assert (await desk.get(RITA, f"/requests/{number}"))["open"]


async def test_what_was_answered_or_refused_is_not_sent_again(desk: ApiDesk, sender: Failing) -> None:
    _, gate = await laptop(desk)
    path = f"/approvals/{gate}/decision"
    refused = await desk.call(RITA, "POST", path, {"decision": "approved"})
    assert refused.status_code == 403
    await desk.post(MONA, path, {"decision": "rejected", "comment": "No money"})
    sent = len(sender.sent)
    assert await sweep(desk, sender) == ""
    assert len(sender.sent) == sent


async def test_a_command_waits_for_a_process_that_somebody_ended_by_hand(
    desk: ApiDesk, sender: Failing
) -> None:
    _, gate = await laptop(desk)
    sender.status = RPCStatusCode.NOT_FOUND
    path = f"/approvals/{gate}/decision"
    response = await desk.call(MONA, "POST", path, {"decision": "approved"})
    assert response.status_code == 202
    assert await sweep(desk, sender) == "0 of 1 commands answered"
    sender.status = None
    assert await sweep(desk, sender, timedelta(minutes=2)) == "1 of 1 commands answered"
    assert (await desk.get(MONA, f"/approvals/{gate}"))["state"] == "approved"


async def test_nothing_is_answered_before_it_is_kept(desk: ApiDesk) -> None:
    _, gate = await laptop(desk)
    async with desk.services.engine.begin() as connection:
        await connection.execute(text("LOCK TABLE command_key IN EXCLUSIVE MODE"))
        calling = asyncio.create_task(
            desk.call(MONA, "POST", f"/approvals/{gate}/decision", {"decision": "approved"})
        )
        while (await desk.get(RITA, f"/approvals/{gate}"))["state"] == "requested":
            await asyncio.sleep(0.02)
        assert not calling.done()
    assert (await calling).status_code == 200


async def test_commands_to_one_process_are_sent_in_the_order_in_which_they_were_said(
    desk: ApiDesk, sender: Failing
) -> None:
    number, _ = await laptop(desk)
    sender.status = RPCStatusCode.UNAVAILABLE
    for word in ("first", "second", "third"):
        response = await desk.call(RITA, "POST", f"/requests/{number}/comments", {"text": word})
        assert response.status_code == 202
    said = [kept.update_id for kept in sender.sent[-3:]]
    sender.status = None
    assert await sweep(desk, sender) == "3 of 3 commands answered"
    assert [kept.update_id for kept in sender.sent[-3:]] == said


def test_every_update_of_people_can_be_kept() -> None:
    updates: dict[str, Any] = {}
    for workflow in (RequestWorkflow, GrantWorkflow):
        definition = workflow.__temporal_workflow_definition  # type: ignore[attr-defined]
        updates |= {name: update.arg_types[0] for name, update in definition.updates.items()}
    for own in ("tell", "extend"):
        del updates[own]
    assert updates == PEOPLES_COMMANDS
