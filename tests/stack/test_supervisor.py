import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from steadydesk.contracts.identity import DemoUser
from steadydesk.settings import Settings
from steadydesk.stack.addresses import running_stack_of
from steadydesk.stack.failure import StackError
from steadydesk.stack.leftovers import is_running
from steadydesk.stack.parts import DEMO_SYSTEMS, PROGRAMS
from steadydesk.stack.preparation import Contents
from steadydesk.stack.state_folder import StateFolder
from steadydesk.stack.supervisor import Stack, running_stack
from tests.support.stacks import (
    SMALL_CONTENTS,
    one_person,
    stack_settings,
    trivial_variation,
)

Lines = list[tuple[str, str]]


@pytest.fixture(scope="module")
async def told() -> Lines:
    return []


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory, told: Lines) -> AsyncIterator[Stack]:
    settings = stack_settings(tmp_path_factory.mktemp("stack") / "state")
    variation = trivial_variation(settings)
    async with running_stack(
        settings, announce=lambda part, text: told.append((part, text)), variation=variation
    ) as running:
        yield running


async def until(condition: Callable[[], object], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("stack")
def test_every_part_says_when_it_is_ready(told: Lines) -> None:
    ready = [part for part, text in told if text.startswith("ready ")]
    assert set(ready[:2]) == {"postgres", "temporal"}
    assert set(ready[2:]) == {"worker", "api", "demo-systems"}


def test_credentials_have_addresses_and_users_for_this_user_alone(stack: Stack) -> None:
    assert stack.folder.credentials.stat().st_mode & 0o777 == 0o600
    assert json.loads(stack.folder.credentials.read_text()) == {
        "api": f"http://127.0.0.1:{stack.settings.api_port}/api/v1",
        "portal": f"http://127.0.0.1:{stack.settings.api_port}/",
        "temporal_ui": f"http://127.0.0.1:{stack.settings.temporal_ui_port}",
        "temporal_address": f"127.0.0.1:{stack.settings.temporal_port}",
        "demo_systems": f"http://127.0.0.1:{stack.settings.demo_port}/",
        "users": [
            {
                "user_name": "ana",
                "name": "Ana Rey",
                "roles": ["requester"],
                "groups": ["it"],
                "token": "sd_ana",
                "password": None,
            }
        ],
    }


def test_keys_are_a_ring_of_one_for_this_user_alone(stack: Stack) -> None:
    path = stack.settings.keys_file
    ring = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(ring["keys"][ring["current"]])) == 32


def test_a_second_stack_on_the_folder_is_refused_and_told_the_process(stack: Stack) -> None:
    with pytest.raises(StackError, match=f"already run by process {os.getpid()}"):
        StateFolder(stack.folder.path).own(demo=False)
    assert running_stack_of(stack.settings), "a refused start must not touch the running one"


@pytest.mark.parametrize("name", ["worker", "api", "demo-systems", "temporal", "postgres"])
async def test_a_killed_part_is_started_again_and_said_so(stack: Stack, told: Lines, name: str) -> None:
    told.clear()
    part = stack.parts[name]
    before, restarts = part.pid, part.restarts
    part.kill()
    await until(lambda: (name, "ended unexpectedly (signal 9)") in told)
    await until(lambda: any(p == name and text.startswith("ready again") for p, text in told))
    assert part.pid not in (None, before)
    assert part.restarts == restarts + 1
    running = running_stack_of(stack.settings)
    assert running
    assert running.parts[name] == part.pid


async def test_warnings_in_a_log_are_mentioned_with_its_place(stack: Stack, told: Lines) -> None:
    stack.parts["worker"].kill()
    await until(lambda: any(p == "worker" and "low on paint; see " in text for p, text in told))


async def test_a_part_that_cannot_start_fails_the_start_and_stops_the_rest(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path / "state")
    variation = trivial_variation(settings, programs={"worker": (sys.executable, "-c", "exit('no paint')")})
    pids: list[int] = []

    async def note_servers(owner_url: str, password: str | None) -> None:
        pids.extend(part.pid for part in stack.parts.values() if part.pid)
        await SMALL_CONTENTS.migrate(owner_url, password)

    contents = Contents(note_servers, {}, SMALL_CONTENTS.install_demo)
    stack = Stack(settings, variation=replace(variation, contents=contents))
    with pytest.raises(StackError, match=r"worker ended with 1 while starting:\n +no paint"):
        await stack.start()
    assert len(pids) == 2
    assert not any(is_running(pid) for pid in pids)
    assert stack.folder.owner() is None


async def test_users_are_installed_once_and_addresses_renewed(stack: Stack, tmp_path: Path) -> None:
    installs: list[str] = []
    systems: list[str | None] = []

    async def install(url: str, settings: Settings) -> Sequence[DemoUser]:
        installs.append(url)
        return await one_person(url, settings)

    for _ in range(2):
        temporal_address = stack.addresses.temporal_address
        settings = stack_settings(tmp_path / "state", temporal_address=temporal_address)
        contents = Contents(SMALL_CONTENTS.migrate, {}, install)
        variation = replace(trivial_variation(settings), contents=contents, programs={})
        async with running_stack(settings, variation=variation) as second:
            assert second.credentials
            assert str(settings.api_port) in second.credentials.api
            systems.append(second.credentials.demo_systems)
            assert [user.token for user in second.credentials.users] == ["sd_ana"]
    assert len(installs) == 1
    assert systems[0] == systems[1], "the configuration of the first start names the port"


async def test_existing_servers_are_used_and_left_alone(stack: Stack, tmp_path: Path) -> None:
    settings = stack_settings(
        tmp_path / "state",
        database_url=stack.addresses.database_url,
        database_owner_url=stack.addresses.database_owner_url,
        temporal_address=stack.addresses.temporal_address,
    )
    async with running_stack(settings, variation=trivial_variation(settings)) as second:
        assert list(second.parts) == ["worker", "api"]
        assert second.credentials is None
        assert second.addresses.demo_systems is None
        assert second.addresses.temporal_address == stack.addresses.temporal_address
    assert stack.parts["postgres"].pid
    assert stack.parts["temporal"].pid


async def test_without_demo_there_are_no_credentials_also_later(stack: Stack, tmp_path: Path) -> None:
    for demo in (False, True):
        temporal_address = stack.addresses.temporal_address
        settings = stack_settings(tmp_path / "state", demo=demo, temporal_address=temporal_address)
        variation = replace(trivial_variation(settings), programs={DEMO_SYSTEMS: PROGRAMS[DEMO_SYSTEMS]})
        async with running_stack(settings, variation=variation) as second:
            assert second.credentials is None
            assert list(second.parts) == ["postgres"]
    assert not (tmp_path / "state" / "credentials.json").exists()
