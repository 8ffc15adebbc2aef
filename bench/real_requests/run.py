"""Replays many cases at a stack of their own, several at a time."""

import asyncio
import functools
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

from bench.real_requests.case import Case
from bench.real_requests.desk import Desk
from bench.real_requests.house import Cast, write_organisation
from bench.real_requests.replay import Outcome, replay
from steadydesk.configuration.install import install_demo
from steadydesk.contracts.search_attributes import SEARCH_ATTRIBUTES
from steadydesk.records.migration import migrate
from steadydesk.settings import Settings
from steadydesk.stack.ports import free_ports
from steadydesk.stack.preparation import Contents
from steadydesk.stack.supervisor import Variation, running_stack

Progress = Callable[[Outcome], None]

_NO_QUOTA = 1_000_000


async def replay_all(
    cases: Sequence[Case], desk: Desk, *, clients: int, progress: Progress = lambda _: None
) -> list[Outcome]:
    """The outcome of each case, in the order of ``cases``; ``clients`` of them are under way at a time."""
    cast = Cast()
    waiting = iter(list(enumerate(cases)))
    outcomes: dict[int, Outcome] = {}

    async def work() -> None:
        for place, case in waiting:
            outcomes[place] = await replay(case, desk, cast, place)
            progress(outcomes[place])

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(work())
    return [outcomes[place] for place in range(len(cases))]


@asynccontextmanager
async def open_desk(
    kept: Path | None = None, postgres_settings: Mapping[str, str] | None = None
) -> AsyncIterator[Desk]:
    """A whole stack of its own, and its API for everybody in its organisation; all in a folder that is ``kept`` or goes
    with it.
    """
    with nullcontext(kept) if kept else tempfile.TemporaryDirectory(prefix="real-requests-") as folder:
        house, state = Path(folder, "organisation"), Path(folder, "state")
        write_organisation(house)
        install = functools.partial(install_demo, folder=house)
        contents = Contents(migrate, SEARCH_ATTRIBUTES, install)
        variation = Variation(contents=contents, postgres_settings=postgres_settings or {})
        async with running_stack(_settings(state), variation=variation) as stack:
            assert stack.credentials is not None
            tokens = {user.user_name: user.token for user in stack.credentials.users}
            async with Desk(stack.addresses.api, tokens) as desk:
                yield desk


def _settings(state: Path) -> Settings:
    """On free ports, and without the quota of a person: here a few stand for a whole house."""
    api, temporal, temporal_ui, demo = free_ports(4)
    return Settings(
        state_dir=state,
        api_port=api,
        temporal_port=temporal,
        temporal_ui_port=temporal_ui,
        demo_port=demo,
        quota_per_minute=_NO_QUOTA,
        log_level="warning",
    )
