"""Who may import whom: the contracts of import-linter, and what it cannot see."""

import ast
import importlib.metadata
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stacks import REPOSITORY

PACKAGES = ("workflows", "activities", "api", "steadydesk")
TOP_LEVEL = (*PACKAGES, "worker")
WORKER_LINES = 150


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_imports_the_composition_root(package: str) -> None:
    guilty = [
        f"{path.relative_to(REPOSITORY)}:{line}"
        for path in (REPOSITORY / package).rglob("*.py")
        for name, line in imports_of(path)
        if name.split(".")[0] == "worker"
    ]
    assert guilty == []


def test_the_worker_composes_and_does_nothing_else() -> None:
    """It starts what the layers below the API offer; a rule or a query in it would be in the wrong place."""
    path = REPOSITORY / "worker.py"
    names = {name for name, _ in imports_of(path)}
    assert not {name for name in names if name.split(".")[0] in ("api", "fastapi", "starlette")}
    assert not {name for name in names if name.startswith(("steadydesk.cli", "steadydesk.stack.supervisor"))}
    assert len(path.read_text().splitlines()) < WORKER_LINES


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_a_top_level_name_belongs_to_this_distribution_alone(name: str) -> None:
    """Distributions on PyPI ship packages of these names; one in the environment would shadow ours."""
    owners = set(importlib.metadata.packages_distributions().get(name, []))
    assert owners <= {"steadydesk"}
    found = importlib.util.find_spec(name)
    assert found
    assert found.origin
    assert Path(found.origin).is_relative_to(REPOSITORY)


def imports_of(path: Path) -> list[tuple[str, int]]:
    """(module, line) of every absolute import, also those inside functions."""
    found: list[tuple[str, int]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append((node.module, node.lineno))
    return found
