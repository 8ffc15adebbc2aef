"""A task as words for a terminal."""

from typing import Any

import pytest

from steadydesk.cli.task import print_task
from steadydesk.contracts.views import FailureView, PersonRef, TaskView
from tests.support.requests import NOW

RITA = PersonRef(id="p_rita", name="Rita")


def task(**more: Any) -> dict[str, Any]:
    """As the API answers."""
    view = TaskView(
        number="SCTASK0000007",
        kind="SCTASK",
        owner="REQ0000003",
        short_description="Make the account",
        state="open",
        phase="decide",
        open=True,
        opened_by=RITA,
        caller=RITA,
        assignment_group="desk",
        priority=3,
        late=False,
        restricted=False,
        opened_at=NOW,
        updated_at=NOW,
        version=4,
        line="RITM0000003",
        **more,
    )
    return view.model_dump(mode="json")


def test_who_decides_on_a_failed_step_reads_what_the_system_said(capsys: pytest.CaptureFixture[str]) -> None:
    failure = FailureView(problem="Refused", system="shop", tries=2, status=409, said="no credit for desk")
    print_task(task(failure=failure))
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "number        SCTASK0000007"
    assert shown[-5:] == [
        "failed with   Refused",
        "at            shop",
        "tries         2",
        "answered      409",
        "it said       no credit for desk",
    ]


def test_a_task_that_no_failure_opened_says_nothing_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    print_task(task())
    assert "failed" not in capsys.readouterr().out


def test_a_failure_without_a_system_has_no_tries(capsys: pytest.CaptureFixture[str]) -> None:
    print_task(task(failure=FailureView(problem="TaskFailed")))
    shown = capsys.readouterr().out
    assert "TaskFailed" in shown
    assert "tries" not in shown
