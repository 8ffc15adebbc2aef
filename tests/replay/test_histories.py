"""Histories as released versions made them still fit the workflows; a change that breaks them is patched."""

import json
import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from steadydesk.contracts import agenda
from steadydesk.orchestration.client import DATA_CONVERTER
from tests.support.process_histories import FOLDER, MOST_HANDLED, PLACES, SKIPPING, WAITING, released
from tests.support.sandbox import SANDBOX
from tests.support.service_histories import ROUTINES, SERVED
from workflows import registry

HISTORIES = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_a_stored_history_replays(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a keyring: what was verified when it came is not verified again."""
    monkeypatch.setattr(agenda, "MOST_HANDLED", MOST_HANDLED)
    text = file.read_text()
    number = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]["workflowId"]
    workflows = [*registry.PROCESSES, *registry.DELIVERIES]
    replayer = Replayer(workflows=workflows, data_converter=DATA_CONVERTER, workflow_runner=SANDBOX)
    await replayer.replay_workflow(WorkflowHistory.from_json(number, text))


def test_every_branch_has_been_recorded() -> None:
    names = {file.stem.split("-", 2)[2].rsplit("-", 1)[0] for file in HISTORIES}
    assert names >= {story.__name__.replace("_", "-") for story in [*WAITING, *SKIPPING]}
    assert len([file for file in HISTORIES if "rolled-over" in file.stem]) >= 2
    assert names >= {*SERVED, *ROUTINES}


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
def test_a_stored_history_holds_no_words_and_no_names_of_machines(file: Path) -> None:
    text = file.read_text()
    for name in PLACES:
        assert f'"{name}":"' not in text.replace(f'"{name}":""', "")
    assert not re.search(r'"name":"\d+@', text)
    assert "Hello" not in text
    assert "large" not in text


@pytest.mark.parametrize("arguments", [[], ["--help"], ["0.1"], ["0.1.0", "0.2.0"], ["../0.1.0"]])
def test_what_is_no_version_records_nothing(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="such as"):
        released(arguments)


@pytest.mark.parametrize("version", ["0.1.0", "1.10.2", "0.2.0rc1"])
def test_a_version_names_its_histories(version: str) -> None:
    assert released([version]) == version
