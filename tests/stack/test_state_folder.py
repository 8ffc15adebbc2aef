import json
from pathlib import Path

import pytest

from steadydesk.stack.credentials import demo_pending, refuse_public_address
from steadydesk.stack.failure import StackError
from steadydesk.stack.state_folder import StateFolder
from tests.support.stacks import stack_settings


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


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "desk.example"])
def test_demo_users_are_refused_on_a_public_address(tmp_path: Path, host: str) -> None:
    with pytest.raises(StackError, match="is not loopback"):
        refuse_public_address(stack_settings(tmp_path / "s", api_host=host))
    refuse_public_address(stack_settings(tmp_path / "s", api_host=host, demo=False))


def test_existing_demo_users_are_refused_whatever_the_settings_say(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text("{}")
    settings = stack_settings(tmp_path, api_host="0.0.0.0", demo=False, database_url="postgresql://a@b/c")
    with pytest.raises(StackError, match="is not loopback"):
        refuse_public_address(settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_accepted(tmp_path: Path, host: str) -> None:
    refuse_public_address(stack_settings(tmp_path / "s", api_host=host))


def test_an_existing_database_gets_no_demo(tmp_path: Path) -> None:
    assert demo_pending(stack_settings(tmp_path / "s"))
    assert not demo_pending(stack_settings(tmp_path / "s", database_url="postgresql://a@b/c"))
