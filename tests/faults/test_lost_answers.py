"""A command that was written while everybody who knew of it was killed: nobody comes back, and yet it goes on."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from steadydesk.records.engine import make_engine
from steadydesk.stack.supervisor import Stack
from tests.faults.actor import Actor
from tests.faults.client import Client
from tests.faults.outside import running_outside
from tests.faults.run import faults_stack
from tests.faults.story import Moment, Story

STORY = Story(
    index=0,
    item="badge",
    requester="rosa",
    refuse=False,
    approved=True,
    voters=["cleo"],
    cancel=Moment.NEVER,
    pause=0,
    twice=False,
    patient=True,
    ghost=False,
)
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
_VOTES = "SELECT count(*) FROM vote"
_SWEPT_SECONDS = 100.0


async def _until(engine: AsyncEngine, count: str) -> None:
    async with asyncio.timeout(10):
        while True:
            async with engine.connect() as connection:
                if await connection.scalar(text(count)):
                    return
            await asyncio.sleep(0.01)


async def _vote_and_vanish(actor: Actor, stack: Stack, engine: AsyncEngine) -> None:
    """The worker's write waits for a lock while the server, the API and the client go; then it commits."""
    async with engine.begin() as holder:
        await holder.execute(text("SELECT 1 FROM process FOR UPDATE"))
        voting = asyncio.create_task(actor.decide(patient=True))
        await _until(engine, _WAITING)
        stack.parts["api"].kill()
        stack.parts["temporal"].kill()
        voting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await voting
    await _until(engine, _VOTES)


@pytest.mark.proof
async def test_a_vote_that_only_the_record_knows_is_acted_upon(tmp_path: Path, full: bool) -> None:
    if not full:
        pytest.skip("takes as long as the sweep; `make proofs` runs it")
    with running_outside(1, trouble=0) as outside:
        async with faults_stack(tmp_path, outside) as stack:
            assert stack.credentials is not None
            client = Client(stack.addresses.api, {u.user_name: u.token for u in stack.credentials.users})
            actor = Actor(client, STORY, 1)
            await actor.order(patient=True)
            await actor.until_visible()
            engine = make_engine(stack.addresses.database_owner_url, pool_size=3)
            await _vote_and_vanish(actor, stack, engine)
            await engine.dispose()
            state = await actor.until_closed(_SWEPT_SECONDS)
            await client.close()
    assert state == "closed_complete"
