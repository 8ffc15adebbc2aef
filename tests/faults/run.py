"""One seeded run: a real stack, a server outside, clients, kills; then every order is compared with its story."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import BaseModel

from steadydesk.configuration.install import install_demo
from steadydesk.orchestration.client import connect
from steadydesk.records.engine import make_engine
from steadydesk.settings import Settings
from steadydesk.stack.part import BackOff
from steadydesk.stack.preparation import Contents, steadydesk_contents
from steadydesk.stack.supervisor import Stack, Variation, running_stack
from tests.faults import checks
from tests.faults.actor import Actor
from tests.faults.client import Client
from tests.faults.kills import Kills
from tests.faults.outside import Outside, running_outside
from tests.faults.story import Story, right_ends
from tests.support.stacks import stack_settings

ORGANISATION = Path(__file__).with_name("organisation")
_AT_ONCE = 12
"""Orders that are played at the same time."""
_TO_END_SECONDS = 240.0
"""After the last kill, within which every order must have ended."""


@dataclass(frozen=True)
class Size:
    """How much one run does: orders, kills at least (two parts may go at once), seconds before each, and whether
    clients hang up: what they leave behind is swept up a minute later.
    """

    requests: int = 200
    kills: int = 30
    gap: tuple[float, float] = (0.5, 4.0)
    ghosts: bool = True


@dataclass
class Report:
    """What a run did and found."""

    seed: int
    requests: int
    kills: dict[str, int] = field(default_factory=dict[str, int])
    outside_faults: int = 0
    calls: int = 0
    late: int = 0
    away: int = 0
    seconds: float = 0
    ends: dict[str, int] = field(default_factory=dict[str, int])
    violations: list[str] = field(default_factory=list[str])

    @property
    def faults(self) -> int:
        return sum(self.kills.values()) + self.outside_faults

    def line(self) -> str:
        kills = ", ".join(f"{count} {name}" for name, count in sorted(self.kills.items()))
        ends = ", ".join(f"{count} {state}" for state, count in sorted(self.ends.items()))
        return (
            f"seed {self.seed}: {self.requests} requests ({ends}), kills: {kills}; {self.outside_faults} faults"
            f" outside, {self.calls} calls, {self.away} unanswered, {self.late} answered late,"
            f" {len(self.violations)} violations, {self.seconds:.0f} s"
        )


async def run_seed(seed: int, size: Size, folder: Path) -> Report:
    """Play `size` on a stack of its own below `folder`."""
    begin = time.monotonic()
    report = Report(seed, size.requests)
    with running_outside(seed) as outside:
        async with faults_stack(folder, outside) as stack:
            actors, client = await _play(seed, size, stack, report)
            await _settle(actors, report)
            await _check(actors, stack, outside, report)
            report.violations += client.faults
            report.calls, report.late, report.away = client.calls, client.late, client.away
            await client.close()
    report.outside_faults = sum(count for fate, count in outside.fates.items() if fate != "serve")
    report.seconds = time.monotonic() - begin
    return report


@asynccontextmanager
async def faults_stack(folder: Path, outside: Outside) -> AsyncIterator[Stack]:
    """The real stack with the workshop of `organisation/`, whose connectors call `outside`."""
    organisation = folder / "organisation"
    shutil.copytree(ORGANISATION, organisation)
    connectors = organisation / "connectors.yaml"
    connectors.write_text(connectors.read_text().replace("127.0.0.1:1", f"127.0.0.1:{outside.port}"))
    settings = stack_settings(
        folder / "state", quota_per_minute=1_000_000, egress_allow=(f"127.0.0.1:{outside.port}",)
    )
    variation = Variation(
        contents=_contents(organisation), back_off=BackOff(first=0.1, factor=1.5, limit=1.5, calm=5)
    )
    async with running_stack(settings, variation=variation) as stack:
        yield stack


def _contents(organisation: Path) -> Contents:
    async def install(url: str, settings: Settings) -> Sequence[BaseModel]:
        return await install_demo(url, settings, folder=organisation)

    return replace(steadydesk_contents(), install_demo=install)


async def _play(seed: int, size: Size, stack: Stack, report: Report) -> tuple[list[Actor], Client]:
    assert stack.credentials is not None
    tokens = {user.user_name: user.token for user in stack.credentials.users}
    client = Client(stack.addresses.api, tokens)
    actors = [
        Actor(client, Story.drawn(seed, index, ghosts=size.ghosts), seed) for index in range(size.requests)
    ]
    kills = Kills(seed, size.kills, size.requests)
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(actor: Actor) -> None:
        async with places:
            await kills.order_begins()
            await actor.play()

    async with asyncio.TaskGroup() as group:
        group.create_task(kills.run(stack, size.gap))
        for actor in actors:
            group.create_task(one(actor))
    report.kills = dict(kills.done)
    return actors, client


async def _settle(actors: list[Actor], report: Report) -> None:
    """Nobody is killed any more: every order ends, and then every key is used once more."""
    accepted = [actor for actor in actors if actor.answers.accepted]
    states = await asyncio.gather(*(actor.until_closed(_TO_END_SECONDS) for actor in accepted))
    for actor, state in zip(accepted, states, strict=True):
        await actor.ask_again()
        report.ends[state] = report.ends.get(state, 0) + 1
        wanted = right_ends(actor.story, actor.answers)
        name = f"order {actor.story.index}, {actor.answers.number}"
        if state not in wanted:
            report.violations.append(
                f"{name}: ended {state}, expected {' or '.join(sorted(wanted))}; {actor.story} {actor.answers}"
            )
        report.violations += [f"{name}: {odd}" for odd in actor.answers.odd]


async def _check(actors: list[Actor], stack: Stack, outside: Outside, report: Report) -> None:
    engine = make_engine(stack.addresses.database_owner_url, pool_size=1, command_seconds=30)
    client = await connect(stack.addresses.temporal_address, stack.addresses.namespace)
    try:
        await checks.until_quiet(engine, client, _TO_END_SECONDS)
        async with engine.connect() as connection:
            report.violations += await checks.check_records(connection)
            report.violations += await checks.check_votes(connection)
            report.violations += await checks.check_workflows(connection, client)
            report.violations += await checks.check_ledger(connection, outside)
    finally:
        await engine.dispose()
    for actor in actors:
        if actor.answers.accepted:
            view = (await actor.read()).body
            line = view["items"][0]["number"]
            report.violations += checks.check_outside(actor.story, line, view["state"], outside)


def run_in_folder(seed: int, size: Size, keep: Path | None = None) -> Report:
    """One run in a folder of its own below `keep`, or in one that is gone afterwards."""
    if keep is not None:
        folder = keep / f"seed-{seed}"
        folder.mkdir(parents=True)
        return asyncio.run(run_seed(seed, size, folder))
    with tempfile.TemporaryDirectory(prefix="steadydesk-faults-") as folder:
        return asyncio.run(run_seed(seed, size, Path(folder)))
