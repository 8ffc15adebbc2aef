import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import typer
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError
from typer.testing import CliRunner, Result

from steadydesk.cli import directory, token
from steadydesk.contracts.delivery import OUTBOX_ID
from steadydesk.policies.assertion import Keyring
from steadydesk.records.keys import KeyFileError, dump_keyring, load_keyring, rotate
from steadydesk.settings import settings
from steadydesk.stack.keys import ensure_keys
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.databases import migrated_database

Run = Callable[..., Awaitable[Result]]

PEOPLE = "user_name,name,roles\nada,Ada,administrator\nbob,Bob,\n"


@pytest.fixture(scope="module")
async def own_url(postgres: EmbeddedPostgres) -> str:
    return await migrated_database(postgres, "test_directory_commands")


@pytest.fixture
def run(own_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run `steadydesk` on a database, in another thread, since every command has an event loop of its own."""
    monkeypatch.setenv("STEADYDESK_DATABASE_URL", own_url)
    monkeypatch.setenv("STEADYDESK_STATE_DIR", str(tmp_path))
    settings.cache_clear()
    app = typer.Typer()
    directory.register(app)
    token.register(app)

    async def invoke(*arguments: str, typed: str | None = None) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), input=typed)

    yield invoke
    settings.cache_clear()


async def test_from_the_first_link_to_somebody_leaving(run: Run, tmp_path: Path) -> None:
    linked = await run("token", "first-administrator")
    assert linked.exit_code == 0
    assert "/sign-in/first-administrator?link=sdl_" in linked.stdout
    table = tmp_path / "people.csv"
    table.write_text(PEOPLE)
    dry = await run("directory", "import", str(table), "--dry-run")
    assert dry.stdout.splitlines() == ["+ person ada", "+ person bob", "2 would change, 0 as they were"]
    assert (await run("directory", "import", str(table))).stdout.splitlines()[
        -1
    ] == "2 changed, 0 as they were"
    again = await run("directory", "import", str(table), "--json")
    assert json.loads(again.stdout)["unchanged"] == 2
    refused = await run("token", "first-administrator")
    assert (refused.exit_code, "administrator already" in refused.stderr) == (1, True)
    issued = await run(
        "token", "issue", "Bob", "--label", "laptop", "--scope", "read", "--days", "1", "--json"
    )
    details = json.loads(issued.stdout)["details"]
    assert details["scopes"] == ["read"]
    assert (await run("token", "list", "bob")).stdout.startswith(
        f"{details['id']}  laptop  read  used: never"
    )
    assert (await run("token", "end", details["id"])).exit_code == 0
    assert (await run("token", "end", details["id"])).exit_code == 1
    secret = (await run("token", "issue", "bob", "--label", "x")).stdout.strip()
    assert len(secret) == 47
    assert (await run("directory", "set-password", "bob", typed="long enough pass\n" * 2)).exit_code == 0
    assert (await run("directory", "set-password", "bob", typed="short\nshort\n")).exit_code == 2
    left = await run("directory", "deactivate", "bob")
    assert "ended 1 tokens, 0 sessions, 0 delegations" in left.stdout


@pytest.mark.parametrize("command", ["deactivate", "import"])
async def test_a_departure_is_delivered_at_once_and_happens_without_temporal_too(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temporal_client: Client, command: str
) -> None:
    stay, all_of_them = tmp_path / "stay.csv", tmp_path / "all.csv"
    stay.write_text(PEOPLE)
    all_of_them.write_text(f"{PEOPLE}{command}-1,One,\n{command}-2,Two,\n")
    assert (await run("directory", "import", str(all_of_them))).exit_code == 0
    server = temporal_client.service_client.config.target_host
    outbox = temporal_client.get_workflow_handle(OUTBOX_ID)
    with contextlib.suppress(RPCError):
        await outbox.terminate()
    for address, one in (("127.0.0.1:1", f"{command}-1"), (server, f"{command}-2")):
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        settings.cache_clear()
        stay.write_text(f"{PEOPLE}{command}-2,Two,\n" if one.endswith("1") else PEOPLE)
        asked = ("import", str(stay), "--complete") if command == "import" else ("deactivate", one)
        left = await run("directory", *asked)
        assert left.exit_code == 0, left.stderr
        assert one in left.stdout
    assert (await outbox.describe()).status is WorkflowExecutionStatus.RUNNING
    await outbox.terminate()


async def test_faults_of_a_file_come_with_their_line(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text("user_name,name,manager,zone\nada,Ada,noone,\nbob,Bob,,Mars\n")
    first = await run("directory", "import", str(table))
    assert first.exit_code == 1
    assert f"{table}:3: zone: 'Mars' is not an IANA time zone" in first.stderr
    table.write_text("user_name,name,manager\nada,Ada,noone\n")
    second = await run("directory", "import", str(table))
    assert second.exit_code == 1
    assert "/people/0/manager: there is no person 'noone'" in second.stderr
    assert (await run("token", "list", "nobody")).exit_code == 1


async def test_the_key_is_rotated_and_the_old_one_kept(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    missing = await run("token", "rotate-key")
    assert (missing.exit_code, "cannot be read" in missing.stderr) == (1, True)
    ensure_keys(path)
    before = load_keyring(path)
    assert (await run("token", "rotate-key")).exit_code == 0
    after = load_keyring(path)
    assert after.current != before.current
    assert after.keys[before.current] == before.keys[before.current]
    assert path.stat().st_mode & 0o777 == 0o600


def test_key_files_survive_a_round_and_say_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keyring = rotate(Keyring("a", {"a": b"x" * 32}))
    path.write_text(dump_keyring(keyring))
    assert load_keyring(path) == keyring
    secret = "5ec7e7" * 8
    for content, message in (
        ("{", "keys.json: file: Invalid JSON"),
        (f'{{"current": "b", "keys": {{"a": "{secret}{secret}"}}}}', "no key 'b'"),
        ('{"current": "a", "keys": {"a": "abcd"}}', "has 2 bytes"),
        (f'{{"current": "a", "keys": {{"a": "{secret}zz"}}}}', "non-hexadecimal"),
        (f'{{"current": ["{secret}"], "keys": {{}}}}', "current: Input should be a valid string"),
    ):
        path.write_text(content)
        with pytest.raises(KeyFileError, match=message) as caught:
            load_keyring(path)
        assert secret not in str(caught.value)
