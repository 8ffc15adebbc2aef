"""The supervisor as a process of its own: what signals, SIGKILL and a second start do."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from steadydesk.settings import Settings
from steadydesk.stack.addresses import Running, running_stack_of
from steadydesk.stack.leftovers import is_running
from steadydesk.stack.ports import is_free
from tests.support.stacks import REPOSITORY, stack_settings

COMMAND = (sys.executable, "-m", "tests.support.foreground_stack")
# Kills its child's parent: the shell starts the stack, as make does, and is the process that the test ends.
SHELL_COMMAND = (
    "/bin/sh",
    "-c",
    f"{sys.executable} -m tests.support.foreground_stack --end-with-parent; true",
)


@asynccontextmanager
async def started(
    settings: Settings, command: tuple[str, ...] = COMMAND
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=REPOSITORY,
        env=os.environ | settings.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until_running(settings: Settings) -> Running:
    async with asyncio.timeout(40):
        while not (running := running_stack_of(settings)):
            await asyncio.sleep(0.05)
    return running


async def until_ended(running: Running) -> None:
    async with asyncio.timeout(20):
        while any(is_running(pid) for pid in running.parts.values() if pid):
            await asyncio.sleep(0.02)


async def test_sigterm_and_ctrl_c_stop_everything_in_reverse_with_exit_code_zero(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path / "state")
    for number in (signal.SIGTERM, signal.SIGINT):
        async with started(settings) as process:
            running = await until_running(settings)
            process.send_signal(number)
            output = (await process.communicate())[0].decode()
            assert process.returncode == 0, output
            await until_ended(running)
            stopped = [line.split()[0] for line in output.splitlines() if line.endswith("stopped")]
            assert sorted(stopped[:3]) == ["api", "demo-systems", "worker"]
            assert sorted(stopped[3:]) == ["postgres", "temporal"]
            assert "Traceback" not in output
            assert "sd_ana" in output


async def test_after_sigkill_nothing_runs_and_the_next_start_works(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path / "state")
    for _ in range(2):
        async with started(settings) as process:
            running = await until_running(settings)
            assert len(running.parts) == 5
            process.kill()
            await process.wait()
            await until_ended(running)
    assert running_stack_of(settings) is None
    async with asyncio.timeout(10):
        while not is_free("127.0.0.1", settings.temporal_port):
            await asyncio.sleep(0.02)


async def test_the_end_of_the_parent_ends_the_stack(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path / "state")
    async with started(settings, SHELL_COMMAND) as shell:
        running = await until_running(settings)
        shell.kill()
        await shell.wait()
        await until_ended(running)
        async with asyncio.timeout(10):
            while is_running(running.pid):
                await asyncio.sleep(0.02)


async def test_a_second_start_on_the_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path / "state")
    async with started(settings) as first:
        running = await until_running(settings)
        async with started(stack_settings(tmp_path / "state")) as second:
            output = (await second.communicate())[0].decode()
        assert second.returncode == 1
        assert f"is already run by process {running.pid}" in output
        assert running_stack_of(settings) == running
        assert first.returncode is None


async def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path / "state")
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", settings.temporal_port)
    async with server, started(settings) as process:
        output = (await process.communicate())[0].decode()
    assert process.returncode == 1
    assert f"port {settings.temporal_port} on 127.0.0.1 is taken" in output
    assert "STEADYDESK_TEMPORAL_PORT" in output
    assert not list((tmp_path / "state" / "postgres").iterdir())


async def test_a_reader_who_goes_away_does_not_disturb_the_stop(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path / "state")
    reader, writer = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *COMMAND, cwd=REPOSITORY, env=os.environ | settings.environment(), stdout=writer
    )
    os.close(writer)
    running = await until_running(settings)
    os.close(reader)
    process.terminate()
    assert await process.wait() == 0
    await until_ended(running)


async def test_a_signal_while_starting_ends_the_start(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path / "state")
    async with started(settings) as process:
        async with asyncio.timeout(20):
            while not (tmp_path / "state" / "postgres" / "socket").exists():
                await asyncio.sleep(0.01)
        process.terminate()
        output = (await process.communicate())[0].decode()
    assert process.returncode == 0, output
    async with started(settings) as process:
        await until_running(settings)
