"""Records the histories of requests and grants that later versions must still replay.

``python -m tests.support.process_histories 0.1.0`` is run once for a released version; a file that is there is never
written again.
"""

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from steadydesk.contracts import agenda
from steadydesk.contracts.grant import Revoke
from steadydesk.contracts.numbers import RecordKind, kind_of
from steadydesk.contracts.request_commands import Cancel, Comment, Resubmit
from steadydesk.policies.assertion import unsigned
from tests.support.databases import session_postgres
from tests.support.given_grants import given
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import request_desk
from tests.support.request_worker import Works, now, until, working
from tests.support.stacks import REPOSITORY
from tests.support.time_skipping import time_skipping_environment

FOLDER = REPOSITORY / "tests" / "replay" / "histories"
MOST_HANDLED = 4
"""After how many updates the recorded runs roll over, so that their files stay small."""

PLACES = ("identity", "stackTrace")
STICKY = "TASK_QUEUE_KIND_STICKY"

Story = Callable[[Works], Awaitable[str]]


async def simple(works: Works) -> str:
    return await works.order("simple")


async def approved(works: Works) -> str:
    number = await works.order("board-any")
    await works.decide(f"{number}-G1", "approved", "ann")
    return number


async def resubmitted(works: Works) -> str:
    """Refused, changed, approved in two stages; one of them by signal."""
    number = await works.order("two-stages", variables={"size": "large"})
    await works.decide(f"{number}-G1", "rejected", "ann")
    line = (await works.desk.line(number)).number
    change = Resubmit(assertion=unsigned(), line=line, variables=await works.desk.words({"size": "small"}))
    await works.send(number, change, "rita")
    vote = works.desk.vote(f"{number}-G2", "approved", "ben", by_signal=True)
    await works.handle(number).signal("decide_later", vote.command)
    await until(lambda: gate_is_there(works, number, f"{number}-G3"))
    await works.decide(f"{number}-G3", "approved", "otto")
    return number


async def gate_is_there(works: Works, number: str, gate: str) -> bool:
    return gate in (await works.desk.document(number)).gates


async def undone(works: Works) -> str:
    works.errands.failing["two:1"] = "Refused"
    return await works.order("automated")


async def cancelled(works: Works) -> str:
    works.errands.failing.clear()
    works.errands.hold("two:1")
    number = await works.order("automated")
    await until(lambda: works.errands.called[-1:] == ["two:1"])
    await works.send(number, Cancel(assertion=unsigned()), "rita")
    return number


async def expired(works: Works) -> str:
    """Reminders and expiry, with time skipped."""
    return await works.order("office")


async def rolled_over(works: Works) -> str:
    number = await works.order("board-any")
    for _ in range(MOST_HANDLED):
        text = await works.desk.words("Hello")
        await works.send(number, Comment(assertion=unsigned(), text=text), "rita")
    await until(lambda: has_rolled_over(works, number))
    await works.decide(f"{number}-G1", "approved", "ann")
    return number


async def has_rolled_over(works: Works, number: str) -> bool:
    return len(await works.run_ids(number)) == 2


async def extended(works: Works) -> str:
    """A grant whose end an approved request moves, and which its owner ends."""
    works.errands.failing.clear()
    grant = await given(works, date(2126, 1, 1))
    await works.result(await works.order("granting", variables={"until": "2126-03-01"}, extends=grant))
    await works.send(grant, Revoke(assertion=unsigned()), "rita")
    return grant


async def revoked(works: Works) -> str:
    """A grant that is reminded of, and revoked at its end."""
    return await given(works, now().date() + timedelta(days=60))


WAITING: list[Story] = [simple, approved, resubmitted, undone, cancelled, rolled_over, extended]
SKIPPING: list[Story] = [expired, revoked]


def anonymous(history: WorkflowHistory) -> str:
    """As JSON, without the names of machine, processes and folders that took part."""
    return json.dumps(_without_places(json.loads(history.to_json())), separators=(",", ":"))


def _without_places(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_places(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: "" if key in PLACES else _without_places(each) for key, each in value.items()}
    # The name of the queue of one worker is made of its process and machine.
    return found | {"name": ""} if found.get("kind") == STICKY else found


async def record(version: str) -> None:
    agenda.MOST_HANDLED = MOST_HANDLED
    async with _scene() as (desk, environment):
        with environment.with_time_skipping_disabled():
            async with working(desk, environment.client) as works:
                await _keep(version, works, WAITING)
        async with working(desk, environment.client) as works:
            await _keep(version, works, SKIPPING)


@asynccontextmanager
async def _scene() -> AsyncIterator[tuple[Any, WorkflowEnvironment]]:
    with tempfile.TemporaryDirectory() as folder:
        async with (
            session_postgres(Path(folder) / "postgres") as postgres,
            request_desk(postgres, "histories", catalogue()) as desk,
            time_skipping_environment() as environment,
        ):
            desk.now = now()
            yield desk, environment


async def _keep(version: str, works: Works, stories: list[Story]) -> None:
    for story in stories:
        number = await story(works)
        await works.result(number)
        for place, run_id in enumerate(await works.run_ids(number), start=1):
            kind = "grant" if kind_of(number) is RecordKind.GRANT else "request"
            file = FOLDER / f"{kind}-{version}-{story.__name__.replace('_', '-')}-{place}.json"
            if not file.exists():
                file.write_text(anonymous(await works.history(number, run_id)) + "\n")


def released(arguments: list[str]) -> str:
    """The version whose histories are asked for; SystemExit for anything else, which would name the files."""
    if len(arguments) != 1 or not re.fullmatch(r"\d+\.\d+\.\d+[a-z0-9.]*", arguments[0]):
        raise SystemExit("give the one version whose histories are recorded, such as 0.1.0")
    return arguments[0]


if __name__ == "__main__":
    asyncio.run(record(released(sys.argv[1:])))
