"""A flood from one token is turned away, and others are served all the while."""

import asyncio
from collections import Counter
from pathlib import Path

from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.api_desk import api_desk

PER_MINUTE = 60


async def test_others_are_served(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    async with api_desk(postgres, "flood", tmp_path, quota_per_minute=PER_MINUTE) as desk:
        for who in ("rita.requester", "mona.manager"):
            await desk.get(who, "/me")
        answers: Counter[int] = Counter()
        begun = asyncio.get_running_loop().time() - 5  # The first two requests were before it.
        served, turned_away = asyncio.Event(), asyncio.Event()

        async def flood() -> None:
            while not served.is_set():
                response = await desk.call("rita.requester", "GET", "/requests")
                answers[response.status_code] += 1
                if response.status_code == 429:
                    turned_away.set()
                    assert int(response.headers["retry-after"]) >= 1

        floods = [asyncio.create_task(flood()) for _ in range(3)]
        await turned_away.wait()
        others = [await desk.call("mona.manager", "GET", "/requests") for _ in range(20)]
        served.set()
        await asyncio.gather(*floods)
        assert {response.status_code for response in others} == {200}
        # Half of a minute's quota may come at once, the rest as the time passes.
        passed = asyncio.get_running_loop().time() - begun
        assert 0 < answers[200] <= PER_MINUTE // 2 + 1 + passed * PER_MINUTE / 60
        assert answers[429]


async def test_one_read_of_a_token_at_a_time(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    """Somebody else's waits for one of them, not for all that came before it."""
    async with api_desk(postgres, "burst", tmp_path) as desk:
        for who in ("rita.requester", "mona.manager"):
            await desk.get(who, "/me")
        ended: list[str] = []

        async def read(who: str) -> None:
            assert (await desk.call(who, "GET", "/requests")).status_code == 200
            ended.append(who)

        await asyncio.gather(*(read("rita.requester") for _ in range(30)), read("mona.manager"))
        assert ended.index("mona.manager") < 10


async def test_refusals_are_spread_over_time(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    async with api_desk(postgres, "refusals", tmp_path, quota_per_minute=2) as desk:
        assert (await desk.call("rita.requester", "GET", "/me")).status_code == 200
        begun = asyncio.get_running_loop().time()
        calls = (desk.call("rita.requester", "GET", "/me") for _ in range(12))
        answers = await asyncio.gather(*calls)
        assert {answer.status_code for answer in answers} == {429}
        assert asyncio.get_running_loop().time() - begun > 1


async def test_streams_are_counted_too(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    async with api_desk(postgres, "streams", tmp_path) as desk:
        number = (await desk.order("rita.requester", "new-laptop", model="light"))["number"]
        path = f"/requests/{number}/events"
        streams = [asyncio.create_task(desk.call("rita.requester", "GET", path)) for _ in range(10)]
        await asyncio.sleep(1)
        refused = await desk.call("rita.requester", "GET", path)
        assert (refused.status_code, refused.json()["type"]) == (429, "/problems/quota-exceeded")
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
        again = asyncio.create_task(desk.call("rita.requester", "GET", path))
        done, _ = await asyncio.wait({again}, timeout=0.5)
        assert not done
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)
