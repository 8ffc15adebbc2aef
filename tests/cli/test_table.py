"""Answers as words for a terminal."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from steadydesk.cli.request import register, told
from steadydesk.cli.table import print_waiting, state_of, words

LABEL = {"en": "Supervisor", "de": "Führungskraft"}


def wait(subject: str, **more: Any) -> dict[str, Any]:
    return {
        "subject": subject,
        "what": "the approval 'Supervisor'",
        "label": LABEL,
        "whom": "manager",
        "since": "2026-11-23T08:00:00Z",
        "until": None,
        "then": "it counts as refused",
    } | more


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("zone", "said"),
    [("UTC", "2026-11-23 08:00 UTC"), ("Europe/Berlin", "2026-11-23 09:00 CET")],
    indirect=["zone"],
)
@pytest.mark.usefixtures("zone")
def test_times_are_of_the_terminals_zone_and_say_so(said: str) -> None:
    assert words("2026-11-23T08:00:00Z") == said


@pytest.mark.parametrize("state", ["closed_complete", "closed-complete"])
def test_a_state_has_one_spelling(state: str) -> None:
    assert state_of({"state": state}) == "closed complete"


@pytest.mark.parametrize("zone", ["UTC"], indirect=True)
@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    ("waiting", "language", "said"),
    [
        ([wait("REQ1-G1")], "en", ["waits for the approval 'Supervisor'"]),
        ([wait("REQ1-G1")], "de", ["waits for the approval 'Führungskraft'"]),
        ([wait("RITM1", label=None, what="its effective date")], "de", ["waits for its effective date"]),
        (
            [wait("REQ1-G1"), wait("REQ1-G2")],
            "en",
            ["REQ1-G1: waits for the approval 'Supervisor'", "REQ1-G2: waits for the approval 'Supervisor'"],
        ),
    ],
)
def test_waits_name_their_part_and_speak_the_readers_language(
    capsys: pytest.CaptureFixture[str], waiting: list[dict[str, Any]], language: str, said: list[str]
) -> None:
    print_waiting(waiting, language)
    tail = " (manager) since 2026-11-23 08:00 UTC; it counts as refused"
    assert capsys.readouterr().out.splitlines() == [f"{line}{tail}" for line in said]


def test_a_command_that_was_taken_in_says_when_it_is_carried_out(capsys: pytest.CaptureFixture[str]) -> None:
    told({"number": "REQ0000003", "accepted": True}, as_json=False)
    assert capsys.readouterr().out == (
        "REQ0000003: taken in; it is carried out as soon as its process runs\n"
    )


@pytest.mark.parametrize("typed", ["gra1", "RITM 1", "sctask0000001"])
def test_what_is_no_request_names_the_command_that_knows_it(typed: str) -> None:
    app = typer.Typer()
    register(app)
    refused = CliRunner().invoke(app, ["request", "show", typed, "--token", "sdk_any"])
    assert refused.exit_code == 2
    assert " is no request; `steadydesk why " in refused.stderr
