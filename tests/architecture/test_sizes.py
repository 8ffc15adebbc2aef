"""Files and functions stay small enough to be read at once; what grows past is split by noun."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.stacks import REPOSITORY

FILE_LINES = 250
FUNCTION_LINES = 35
SHORT_FUNCTION_LINES = 10
PLACES = ("workflows", "activities", "api", "steadydesk", "bench")


def sources() -> Iterator[Path]:
    """Our Python files; migrations are written once and never grow."""
    yield REPOSITORY / "worker.py"
    for place in PLACES:
        yield from (path for path in (REPOSITORY / place).rglob("*.py") if "migrations" not in path.parts)


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """(place, lines) of every function of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield f"{path.relative_to(REPOSITORY)}:{node.lineno} {node.name}", lines


def test_no_file_is_too_long() -> None:
    lengths = {str(path.relative_to(REPOSITORY)): len(path.read_text().splitlines()) for path in sources()}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    found = [function for path in sources() for function in functions(path)]
    assert len(found) > 100
    assert [function for function in found if function[1] > FUNCTION_LINES] == []


def test_half_of_the_functions_are_short() -> None:
    lengths = sorted(lines for path in sources() for _, lines in functions(path))
    assert lengths[len(lengths) // 2] <= SHORT_FUNCTION_LINES


def test_there_is_no_package_below_tests() -> None:
    """A `tests/workflows/__init__.py` would shadow the real package."""
    assert list((REPOSITORY / "tests").rglob("__init__.py")) == []
