"""The commands `status`, `stop`, `prepare` and `up`, as a person at a terminal meets them."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from steadydesk.settings import Settings
from steadydesk.stack.ports import free_ports
from tests.stack.test_foreground import started, until_running
from tests.support.stacks import REPOSITORY, stack_settings


async def steadydesk(*arguments: str, settings: Settings, **variables: str) -> tuple[int | None, str, str]:
    """Exit code, output and errors of a command."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "steadydesk", *arguments),
        cwd=REPOSITORY,
        env=os.environ | settings.environment() | variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def test_status_shows_a_running_stack_and_stop_ends_it(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path / "state")
    async with started(settings) as process:
        running = await until_running(settings)
        code, output, _ = await steadydesk("status", "--json", settings=settings)
        shown = json.loads(output)
        assert code == 0
        assert shown["running"] is True
        assert shown["parts"] == running.parts
        assert shown["addresses"]["api"] == running.addresses.api
        assert "database_url" not in output
        code, output, _ = await steadydesk("status", settings=settings)
        assert f"worker       process {running.parts['worker']}" in output.splitlines()

        code, output, _ = await steadydesk("stop", settings=settings)
        assert (code, output) == (0, f"stopped process {running.pid}\n")
        assert await process.wait() == 0
    code, output, _ = await steadydesk("status", "--json", settings=settings)
    assert (code, json.loads(output)) == (3, {"running": False})


async def test_stop_without_a_stack_says_so(tmp_path: Path) -> None:
    code, output, _ = await steadydesk("stop", settings=stack_settings(tmp_path / "state"))
    assert (code, output) == (0, f"nothing runs on {tmp_path / 'state'}\n")


async def test_prepare_wants_existing_servers(tmp_path: Path) -> None:
    code, _, errors = await steadydesk("prepare", settings=stack_settings(tmp_path / "state"))
    assert code == 1
    assert errors.startswith("steadydesk: prepare needs STEADYDESK_DATABASE_URL and TEMPORAL_ADDRESS")


async def test_up_refuses_wrong_settings_by_name_and_mentions_misspelt_ones(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path / "state")
    wrong = {"STEADYDESK_API_PORT": "eighty", "STEADYDESK_DEMMO": "1"}
    code, _, errors = await steadydesk("up", settings=settings, **wrong)
    assert code == 2
    assert "STEADYDESK_DEMMO is not a setting; did you mean STEADYDESK_DEMO?" in errors
    assert "STEADYDESK_API_PORT: Input should be a valid integer" in errors
    assert "Traceback" not in errors


async def test_up_refuses_demo_users_on_a_public_address(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path / "state", api_host="0.0.0.0")
    code, _, errors = await steadydesk("up", settings=settings)
    assert code == 1
    assert "STEADYDESK_API_HOST=0.0.0.0 is not loopback" in errors
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("command", ["up", "prepare"])
@pytest.mark.parametrize("variable", ["STEADYDESK_DATABASE_URL", "STEADYDESK_DATABASE_OWNER_URL"])
async def test_existing_servers_that_are_away_are_named_with_their_variables(
    tmp_path: Path, command: str, variable: str
) -> None:
    [port] = free_ports(1)
    servers = {
        "STEADYDESK_DATABASE_URL": f"postgresql://service:secret@127.0.0.1:{port}/none",
        variable: f"postgresql://desk:secret@127.0.0.1:{port}/none",
        "TEMPORAL_ADDRESS": f"127.0.0.1:{port}",
    }
    code, _, errors = await steadydesk(command, settings=stack_settings(tmp_path / "state"), **servers)
    assert code == 1, errors
    assert ("Traceback" in errors, "secret" in errors) == (False, False), errors
    database = f"postgresql+asyncpg://desk:***@127.0.0.1:{port}/none ({variable}): "
    assert f"steadydesk: cannot connect to the database {database}" in errors
    assert f"; cannot connect to Temporal at 127.0.0.1:{port} (TEMPORAL_ADDRESS): " in errors


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("stop", 0, "nothing runs on "),
        ("status", 3, "nothing runs on "),
        ("halt", 2, "No such command 'halt'"),
    ],
)
async def test_a_command_ends_as_it_says_though_its_libraries_abort_the_interpreter(
    tmp_path: Path, command: str, code: int, said: str
) -> None:
    """As Temporal's SDK does now and then."""
    program = "import atexit, os; from steadydesk.cli import main; atexit.register(os.abort); main()"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, command),
        cwd=REPOSITORY,
        env=os.environ | stack_settings(tmp_path / "state").environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert (process.returncode, said in output.decode()) == (code, True), output


async def test_a_migration_says_that_the_database_does_not_answer(tmp_path: Path) -> None:
    [port] = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "steadydesk.records.migration"),
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONPATH": str(REPOSITORY)}
        | {"STEADYDESK_DATABASE_URL": f"postgresql://desk:secret@127.0.0.1:{port}/none"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    errors = said.decode()
    assert process.returncode == 1
    assert ("Traceback" in errors, "secret" in errors) == (False, False), errors
    database = f"postgresql+asyncpg://desk:***@127.0.0.1:{port}/none"
    assert errors.startswith(f"steadydesk: cannot connect to the database {database}: "), errors
