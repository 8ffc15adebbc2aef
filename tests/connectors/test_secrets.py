import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from steadydesk.connectors.errors import BadConfiguration, SecretForbidden, SecretMissing
from steadydesk.connectors.secrets import SecretDefinition, SecretStore

VALUE = "s3cret-canary"
USE = {"connector": "directory", "host": "directory.example", "function": "IT"}


def definition(**more: Any) -> SecretDefinition:
    settings = {
        "name": "token",
        "environment": "TOKEN",
        "connectors": ["directory"],
        "hosts": ["Directory.example"],
        "functions": ["IT", "HR"],
    }
    return SecretDefinition.model_validate({**settings, **more})


def stored_in(path: Path) -> SecretStore:
    return SecretStore([definition(environment=None, file=path)], {})


def test_a_permitted_use_gives_the_value_and_nothing_shows_it() -> None:
    store = SecretStore([definition()], {"TOKEN": VALUE})
    scope = store.scope(connector="directory", function="HR")
    value = scope.resolve("secret://token", "DIRECTORY.example")
    assert value.get_secret_value() == VALUE
    assert VALUE not in f"{value!r}{value}{store!r}{scope!r}"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"connector": "mail"}, "connector mail"),
        ({"host": "evil.example"}, "host evil.example"),
        ({"host": "directory.example.evil.example"}, "host directory.example.evil.example"),
        ({"function": "finance"}, "function finance"),
        ({"function": ""}, "function "),
    ],
)
def test_all_three_are_checked_before_the_value_is_read(changed: dict[str, str], words: str) -> None:
    class Untouched(dict[str, str]):
        def get(self, *_: object) -> str:
            raise AssertionError("read before the check")

    store = SecretStore([definition()], Untouched())
    with pytest.raises(SecretForbidden, match=f"secret token may not be used by {words}"):
        store.resolve("secret://token", **{**USE, **changed})


def test_what_is_missing_is_named() -> None:
    store = SecretStore([definition(), definition(name="empty", environment="EMPTY")], {"EMPTY": ""})
    with pytest.raises(SecretMissing, match="secret other is not defined"):
        store.resolve("secret://other", **USE)
    for name in ("token", "empty"):
        with pytest.raises(SecretMissing, match=f"secret {name} is empty or not set"):
            store.resolve(f"secret://{name}", **USE)


@pytest.mark.parametrize(
    "reference", [VALUE, "secret://", "secret://A", "secret://token ", "token", "secret://a/b"]
)
def test_a_bad_reference_is_not_repeated(reference: str) -> None:
    with pytest.raises(BadConfiguration) as raised:
        SecretStore([definition()], {}).resolve(reference, **USE)
    assert str(raised.value) == "a secret reference has the form secret://name"


def test_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{VALUE}\n")
    path.chmod(0o600)
    store = stored_in(path)
    assert store.resolve("secret://token", **USE).get_secret_value() == VALUE
    path.write_text("rotated")
    assert store.resolve("secret://token", **USE).get_secret_value() == "rotated"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o700, 0o644])
def test_a_file_that_others_can_touch_is_refused(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(VALUE)
    path.chmod(mode)
    with pytest.raises(SecretMissing, match="mode 600") as raised:
        stored_in(path).resolve("secret://token", **USE)
    assert VALUE not in str(raised.value)


def test_no_links_folders_pipes_or_large_files(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text(VALUE)
    target.chmod(0o600)
    link, pipe, large, binary = (tmp_path / name for name in ("link", "pipe", "large", "binary"))
    link.symlink_to(target)
    os.mkfifo(pipe, 0o600)
    large.write_text("x" * 70_000)
    binary.write_bytes(b"\xff\xfe")
    for path in (large, binary):
        path.chmod(0o600)
    for path, words in (
        (link, "cannot be opened"),
        (tmp_path / "none", "cannot be opened"),
        (tmp_path, "regular file"),
        (pipe, "regular file"),
        (large, "larger than"),
        (binary, "not UTF-8"),
    ):
        with pytest.raises(SecretMissing, match=words):
            stored_in(path).resolve("secret://token", **USE)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(VALUE)
    path.chmod(0o600)
    os.chown(path, 12345, 12345)
    with pytest.raises(SecretMissing, match="another user"):
        stored_in(path).resolve("secret://token", **USE)


@pytest.mark.parametrize(
    "more",
    [
        {"file": "/x"},
        {"environment": None},
        {"connectors": []},
        {"hosts": []},
        {"functions": []},
        {"name": "Upper"},
        {"value": VALUE},
        {"environment": VALUE},
    ],
)
def test_bad_definitions(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as raised:
        definition(**more)
    assert VALUE not in str(raised.value)


def test_a_name_is_defined_once() -> None:
    with pytest.raises(BadConfiguration, match="defined twice"):
        SecretStore([definition(), definition()], {})
