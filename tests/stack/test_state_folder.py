import json
import socket
from pathlib import Path

import pytest

from steadydesk.stack.addresses import addresses_of
from steadydesk.stack.credentials import demo_pending, refuse_public_address
from steadydesk.stack.failure import StackError
from steadydesk.stack.preparation import prepare_servers
from steadydesk.stack.state_folder import StateFolder
from steadydesk.stack.supervisor import Stack
from tests.support.stacks import SMALL_CONTENTS, stack_settings


def test_ownership_is_exclusive_and_ends_with_release(tmp_path: Path) -> None:
    first, second = StateFolder(tmp_path / "s"), StateFolder(tmp_path / "s")
    first.own(demo=True)
    with pytest.raises(StackError, match="already run by process"):
        second.own(demo=True)
    second.release()
    assert first.owner() is not None
    first.release()
    assert first.owner() is None
    second.own(demo=True)
    second.release()


def test_the_first_start_decides_about_the_demo(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "s")
    assert folder.own(demo=False).demo is False
    folder.release()
    assert folder.own(demo=True).demo is False
    folder.release()


def test_a_folder_of_a_later_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.json").write_text(json.dumps({"layout": 99, "demo": True}))
    folder = StateFolder(tmp_path)
    with pytest.raises(StackError, match="made by a later version"):
        folder.own(demo=True)
    folder.release()


def test_the_folder_is_private(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "s")
    folder.own(demo=True)
    folder.release()
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_an_empty_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "s")
    folder.path.mkdir(mode=0o755)
    folder.own(demo=True)
    folder.release()
    assert folder.path.stat().st_mode & 0o777 == 0o700


async def test_an_open_folder_with_other_files_stays_as_it_is_and_is_told(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path / "s")
    settings.state_dir.mkdir(mode=0o755)
    (settings.state_dir / "notes.txt").touch()
    told: list[tuple[str, str]] = []
    with socket.create_server(("127.0.0.1", settings.api_port)), pytest.raises(StackError, match="is taken"):
        await Stack(settings, announce=lambda part, text: told.append((part, text))).start()
    assert settings.state_dir.stat().st_mode & 0o777 == 0o755
    assert told == [("folder", f"{settings.state_dir} is open to other users; close it: chmod 700")]


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/steadydesk", "/dev/null"])
def test_a_folder_that_cannot_be_made_is_named_with_its_variable(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / place
    with pytest.raises(
        StackError, match=f"the state folder {path} \\(STEADYDESK_STATE_DIR\\) cannot be used: "
    ):
        StateFolder(path).own(demo=True)


@pytest.mark.parametrize("name", ["keys_file", "anchor_key_file"])
async def test_a_key_file_that_cannot_be_made_is_named_with_its_variable(tmp_path: Path, name: str) -> None:
    settings = stack_settings(tmp_path, **{name: Path("/proc/none/key.json")})
    said = f"/proc/none/key.json \\(STEADYDESK_{name.upper()}\\) cannot be used: "
    with pytest.raises(StackError, match=said):
        await prepare_servers(settings, addresses_of(settings, None), SMALL_CONTENTS)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "desk.example"])
def test_demo_users_are_refused_on_a_public_address(tmp_path: Path, host: str) -> None:
    said = r"is not loopback, and .* would get demo users .* use 127.0.0.1, or STEADYDESK_DEMO=false"
    with pytest.raises(StackError, match=said):
        refuse_public_address(stack_settings(tmp_path / "s", api_host=host))
    refuse_public_address(stack_settings(tmp_path / "s", api_host=host, demo=False))


def test_existing_demo_users_are_refused_whatever_the_settings_say(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text("{}")
    settings = stack_settings(tmp_path, api_host="0.0.0.0", demo=False, database_url="postgresql://a@b/c")
    with pytest.raises(StackError, match=r"is not loopback, and .* has demo users .* or a new state folder"):
        refuse_public_address(settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_accepted(tmp_path: Path, host: str) -> None:
    refuse_public_address(stack_settings(tmp_path / "s", api_host=host))


def test_an_existing_database_gets_no_demo(tmp_path: Path) -> None:
    assert demo_pending(stack_settings(tmp_path / "s"))
    assert not demo_pending(stack_settings(tmp_path / "s", database_url="postgresql://a@b/c"))
