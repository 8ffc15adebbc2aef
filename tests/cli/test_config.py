"""`steadydesk config` as people and pipelines use it: exit codes, places, JSON."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from steadydesk.cli.config import register
from steadydesk.configuration.install import DEMO
from steadydesk.records.configuration import SUBJECT
from steadydesk.records.engine import make_engine
from steadydesk.records.tables.journal import audit
from steadydesk.settings import settings
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.databases import demo_database

RUNNER = CliRunner()
APP = typer.Typer()
register(APP)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the demo, to be changed."""
    for file in DEMO.rglob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
async def url(postgres: EmbeddedPostgres) -> str:
    return await demo_database(postgres, "config_commands")


@pytest.fixture
def database(url: str) -> Iterator[None]:
    """The commands find the database by the environment."""
    yield from _database(url)


def _database(address: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEADYDESK_DATABASE_URL", address)
        settings.cache_clear()
        yield
    settings.cache_clear()


def run(*words: str | Path) -> tuple[int, str, str]:
    result = RUNNER.invoke(APP, ["config", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


async def run_aside(*words: str | Path) -> tuple[int, str, str]:
    """In a thread, since the command starts an event loop of its own."""
    return await asyncio.to_thread(run, *words)


def spoil(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_demo_passes() -> None:
    code, out, _ = run("check", DEMO)
    assert code == 0
    assert "0 errors" in out


def test_an_error_has_its_place_and_exit_code_one(folder: Path) -> None:
    spoil(folder, "it.yaml", "calendar: berlin-office", "calendar: berlin-ofice")
    code, out, _ = run("check", folder)
    assert code == 1
    assert (
        f"{folder}/it.yaml:13:15: error C101: there is no calendar 'berlin-ofice'; did you mean 'berlin-office'?"
        in out
    )
    code, out, _ = run("check", folder, "--json")
    assert code == 1
    (problem,) = [one for one in json.loads(out)["problems"] if one["severity"] == "error"]
    assert (problem["line"], problem["column"], problem["rule"]) == (13, 15, "C101")


def test_a_warning_alone_is_no_failure(folder: Path) -> None:
    (folder / "directory.yaml").unlink()
    code, out, _ = run("check", folder)
    assert code == 0
    assert "warning C103" in out


def test_a_broken_directory_is_told_with_its_place(folder: Path) -> None:
    spoil(folder, "directory.yaml", "user_name: dora.director", "user_nam: dora.director")
    code, out, _ = run("check", folder)
    assert code == 1
    assert (
        f"{folder}/directory.yaml:18:5: error C005: unknown key 'user_nam'; did you mean 'user_name'?" in out
    )


def test_wrong_usage_is_exit_code_two(tmp_path: Path) -> None:
    assert run("check")[0] == 2
    assert run("check", DEMO, "--directory", tmp_path / "absent.yaml")[0] == 2
    assert run("apply", DEMO)[0] == 2
    for blank in ("", " ", "\u200b"):
        assert run("apply", DEMO, "--why", blank)[0] == 2


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    code, out, _ = run("check", tmp_path / "absent")
    assert code == 1
    assert "no such folder" in out


@pytest.mark.usefixtures("database")
async def test_a_change_is_shown_applied_listed_and_audited(url: str, folder: Path) -> None:
    spoil(folder, "organisation.yaml", "survey_percent: 100", "survey_percent: 25")
    code, out, _ = await run_aside("diff", folder)
    assert code == 0
    assert "changed   organisation.survey_percent: 100 → 25\n1 values differ." in out
    code, out, _ = await run_aside("apply", folder, "--why", "fewer surveys", "--json")
    assert code == 0
    assert json.loads(out)["version"]["serial"] == 2
    code, out, _ = await run_aside("versions", "--json")
    assert code == 0
    assert [(one["serial"], one["current"], one["why"]) for one in json.loads(out)] == [
        (2, True, "fewer surveys"),
        (1, False, "the demo organisation"),
    ]
    code, out, _ = await run_aside("versions")
    assert "by Steadydesk: fewer surveys" in out
    assert "former" in out
    assert await audited(url) == [
        ("configuration_proposed", "service", "service"),
        ("configuration_applied", "service", "service"),
        ("configuration_proposed", "service", "cli"),
        ("configuration_applied", "service", "cli"),
    ]


@pytest.mark.usefixtures("database")
async def test_a_proposal_that_another_version_overtook_is_told(folder: Path) -> None:
    spoil(folder, "organisation.yaml", "second_person_applies: false", "second_person_applies: true")
    assert (await run_aside("apply", folder, "--why", "two of us"))[0] == 0
    assert "waits for approval  by Steadydesk: two of us" in (await run_aside("versions"))[1]
    spoil(folder, "organisation.yaml", "second_person_applies: true", "second_person_applies: false")
    spoil(folder, "organisation.yaml", "survey_percent: 100", "survey_percent: 30")
    assert (await run_aside("apply", folder, "--why", "less"))[0] == 0
    assert "overtaken           by Steadydesk: two of us" in (await run_aside("versions"))[1]


async def audited(url: str) -> list[tuple[str, str, str]]:
    """Event, actor and method of each row of the configuration's chain."""
    engine = make_engine(url)
    chain = select(audit.c.event, audit.c.actor, audit.c.method).where(audit.c.number == SUBJECT)
    async with engine.connect() as connection:
        rows = [tuple(row) for row in await connection.execute(chain.order_by(audit.c.position))]
    await engine.dispose()
    return rows


@pytest.mark.usefixtures("database")
async def test_another_order_of_states_is_shown(folder: Path) -> None:
    file = folder / "process-models.yaml"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    first = lines.index("    states:\n") + 1
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    file.write_text("".join(lines), encoding="utf-8")
    code, out, _ = await run_aside("diff", folder)
    assert code == 0
    assert "reordered process_models." in out
    assert ".states: [" in out


@pytest.mark.usefixtures("database")
async def test_an_error_applies_nothing(folder: Path) -> None:
    before = await run_aside("versions", "--json")
    spoil(folder, "it.yaml", "owner: it-management", "owner: it-managment")
    code, out, _ = await run_aside("apply", folder, "--why", "oops")
    assert code == 1
    assert "error C102" in out
    assert await run_aside("versions", "--json") == before


def test_a_database_that_does_not_answer_is_told() -> None:
    for _ in _database("postgresql://nobody@127.0.0.1:9/none"):
        code, _, err = run("versions")
        assert code == 1
        assert "the database does not answer" in err


def test_a_database_that_is_silent_is_told_with_a_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for _ in _database(f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none"):
            code, _, err = run("versions")
            assert (code, err) == (1, "steadydesk: the database does not answer: no answer in time\n")


def test_where_nothing_runs_every_command_ends_as_status_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEADYDESK_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("STEADYDESK_DATABASE_URL", raising=False)
    settings.cache_clear()
    code, _, err = run("versions")
    settings.cache_clear()
    assert (code, err) == (3, f"steadydesk: nothing runs on {tmp_path}; start it with `steadydesk up`\n")


@pytest.mark.parametrize("token", ["sdk_ü", "sdk_a b", "sdk_a\n"])
def test_what_can_be_no_token_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("STEADYDESK_STATE_DIR", str(tmp_path))
    settings.cache_clear()
    code, _, err = run("approve", "12345678", "--token", token)
    settings.cache_clear()
    assert (code, "is no token" in err) == (2, True)
