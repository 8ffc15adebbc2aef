"""Two attempts of one command at the same time: the second waits for the first one's lock, and answers as it did."""

import asyncio

from sqlalchemy import text

from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import request_desk


async def test_an_attempt_that_was_overtaken_answers_like_the_one_that_was_faster(
    postgres: EmbeddedPostgres,
) -> None:
    async with request_desk(postgres, "faults_two_attempts", catalogue()) as desk:
        number = await desk.order("board-any")
        vote = desk.vote(f"{number}-G1", "approved", "ann")
        async with desk.owner.begin() as holder:
            await holder.execute(text("SELECT 1 FROM process FOR UPDATE"))
            attempts = [asyncio.create_task(desk.approvals.record_decision(vote)) for _ in range(2)]
            await asyncio.sleep(0.3)
        first, second = await asyncio.gather(*attempts)
        assert first == second
        assert first.said["state"] == "approved"
