"""Pages that are made from the code say what the code says."""

import re
from pathlib import Path

import pytest

from docs.generate import PAGES, PARTS, generated
from docs.reference.numbers import with_numbers
from steadydesk.contracts.agenda import WaitingKind
from steadydesk.contracts.gate import GateState
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.plan import OnFailure, StepKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import RequestState, StepState, TaskState
from tests.docs.pages import text_of

MADE: dict[Path, str] = dict(generated())


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_a_page_is_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == MADE[path], "run `make docs`"


def test_every_generated_page_is_looked_at() -> None:
    assert len(MADE) == len(PAGES) + len(PARTS)


def test_a_page_without_marks_is_an_error() -> None:
    with pytest.raises(ValueError, match="no marks"):
        with_numbers("# A page without marks\n")


@pytest.mark.parametrize(
    "words", [Phase, RequestState, TaskState, StepState, GateState, WaitingKind, StepKind, OnFailure]
)
def test_the_page_of_the_request_names_every_state(words: type[Phase]) -> None:
    page = text_of("processes/request.md")
    assert [word for word in words if f"`{word.value}`" not in page and f"{word.value}:" not in page] == []


def test_the_page_of_the_request_names_every_kind_of_number() -> None:
    page = text_of("processes/request.md")
    assert [kind for kind in RecordKind if f"`{kind.value}0" not in page] == []


def test_the_diagram_has_every_phase() -> None:
    diagram = text_of("processes/request.md").split("```mermaid")[1].split("```")[0]
    drawn = {state for move in re.findall(r"(\w+) --> (\w+)", diagram) for state in move}
    assert {phase.value for phase in Phase} - drawn == set()
