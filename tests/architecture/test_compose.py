"""docker-compose.yml keeps the Compose specification and our own promises, without Docker."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from ruamel.yaml import YAML

from steadydesk.settings import READY_FILE, Settings, variable_of
from tests.support.compose_schema import COMPOSE
from tests.support.stacks import REPOSITORY

FILE = REPOSITORY / "docker-compose.yml"
SECRETS = (
    "POSTGRES_PASSWORD",
    "STEADYDESK_OWNER_PASSWORD",
    "STEADYDESK_SERVICE_PASSWORD",
    "STEADYDESK_PUBLIC_URL",
    "TEMPORAL_DB_PASSWORD",
)
JOBS = {"temporal-schema", "prepare"}
REFERENCE = re.compile(r"\$\{([A-Z_]+)(:[?-][^}]*)?\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file with merge keys resolved."""
    return YAML(typ="safe", pure=True).load(FILE.read_text())


def test_it_keeps_the_specification(compose: dict[str, Any]) -> None:
    errors = [f"{error.instance_path}: {error.message}" for error in _validator().iter_errors(compose)]
    assert errors == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("services", "api", "heathcheck"), {}),
        (("services", "api", "ports"), ["8080:8080"]),
        (("services", "api", "depends_on"), {"prepare": {"condition": "finished"}}),
        (("services", "api", "stop_grace_period"), "30"),
        (("services", "postgres", "image"), "postgres"),
    ],
)
def test_the_rules_find_what_is_wrong(
    compose: dict[str, Any], path: tuple[str, str, str], value: object
) -> None:
    section, service, key = path
    broken = {**compose, section: {**compose[section], service: {**compose[section][service], key: value}}}
    assert not _validator().is_valid(broken)


def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(COMPOSE)


def test_what_a_service_names_exists(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        assert set(service["networks"]) <= set(compose["networks"]), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (REPOSITORY / source).exists() if source[0] == "." else source in compose["volumes"], (
                volume
            )


def test_a_service_that_is_waited_for_can_be_healthy_and_a_job_can_end(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        for other, wanted in service.get("depends_on", {}).items():
            if wanted["condition"] == "service_healthy":
                assert "healthcheck" in services[other], other
            if wanted["condition"] == "service_completed_successfully":
                assert other in JOBS
                assert services[other]["restart"].startswith("on-failure"), other


def test_everything_lasting_has_a_health_check(compose: dict[str, Any]) -> None:
    assert {name for name, service in compose["services"].items() if "healthcheck" not in service} == JOBS


def test_everything_runs_unprivileged(compose: dict[str, Any]) -> None:
    image_user = re.search(r"^USER (\S+)$", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    assert image_user
    for name, service in compose["services"].items():
        user = service.get("user") or (image_user[1] if "build" in service else "root")
        assert user.split(":")[0] not in ("root", "0"), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_our_own_containers_and_the_database_cannot_write_to_their_image(compose: dict[str, Any]) -> None:
    for name in ("postgres", "temporal-schema", "prepare", "worker", "api"):
        assert compose["services"][name]["read_only"], name


@pytest.mark.parametrize("secret", SECRETS)
def test_it_does_not_start_without(secret: str) -> None:
    found = [default for name, default in REFERENCE.findall(FILE.read_text()) if name == secret]
    assert found
    assert all(default.startswith(":?") and len(default) > 10 for default in found)


def test_no_secret_is_written_down(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or "PWD" in name or re.search("://[^/]+@", str(value)):
                assert REFERENCE.search(str(value)), name


def test_its_settings_exist_and_there_is_no_demo(compose: dict[str, Any]) -> None:
    known = {variable_of(name) for name in Settings.model_fields} | {READY_FILE}
    dockerfile = (REPOSITORY / "Dockerfile").read_text()
    used = set(re.findall(r"STEADYDESK_[A-Z_]+(?==)", dockerfile))
    for name in ("prepare", "worker", "api"):
        used |= set(compose["services"][name]["environment"])
    assert used <= known
    assert "STEADYDESK_DEMO=false" in dockerfile


def test_only_the_preparation_may_use_the_owner_of_the_schema(compose: dict[str, Any]) -> None:
    users = {
        n
        for n, s in compose["services"].items()
        if "STEADYDESK_DATABASE_OWNER_URL" in s.get("environment", {})
    }
    assert users == {"prepare"}


def test_the_image_gets_every_file_it_copies() -> None:
    allowed = {line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    assert {"activities", "api", "steadydesk", "workflows", "worker.py", "requirements/image.txt"} <= allowed


def test_docker_accepts_it(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if (
        not docker
        or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode
    ):
        pytest.skip("docker compose is not installed")
    secrets = tmp_path / "secrets"
    secrets.write_text("".join(f"{name}=x\n" for name in SECRETS))
    command = [docker, "compose", "--file", str(FILE), "--env-file", str(secrets), "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
