import asyncio
import json
import logging
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
import structlog
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

from steadydesk.logs import configure_logs


@pytest.fixture(autouse=True)
def former_logs() -> Iterator[None]:
    """Leave the logging of other tests as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_our_events_and_those_of_libraries_are_one_json_object_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("info", "json")
    structlog.get_logger("desk").info("opened", number="REQ1")
    logging.getLogger("library").warning("slow %s", "disk")
    structlog.get_logger("desk").debug("too small")
    ours, theirs = lines(capsys)
    assert (ours["event"], ours["number"], ours["level"], ours["logger"]) == (
        "opened",
        "REQ1",
        "info",
        "desk",
    )
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("slow disk", "warning", "library")
    assert ours["timestamp"].endswith("Z")


def test_a_traceback_shows_no_local_values(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("console", "json"):
        configure_logs("info", form)
        try:
            _fail("2retnuh"[::-1])
        except ValueError:
            structlog.get_logger("desk").exception("failed")
        written = capsys.readouterr().err
        assert "ValueError: 7" in written
        assert "hunter2" not in written


def _fail(secret: str) -> None:
    raise ValueError(len(secret))


@workflow.defn(sandboxed=False)
class Talkative:
    """Says something before and after a wait."""

    @workflow.run
    async def run(self) -> None:
        structlog.get_logger("desk").info("before")
        await workflow.sleep(timedelta(seconds=1))
        structlog.get_logger("desk").info("after")


async def test_a_replay_logs_nothing_twice(
    temporal_client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("info", "json")
    name = f"talk-{uuid.uuid4()}"
    # Without a cache every task replays the history from its start.
    async with Worker(temporal_client, task_queue=name, workflows=[Talkative], max_cached_workflows=0):
        async with asyncio.timeout(20):
            await temporal_client.execute_workflow(Talkative.run, id=name, task_queue=name)
    said = [line for line in lines(capsys) if line["logger"] == "desk"]
    assert [line["event"] for line in said] == ["before", "after"]
    assert {line["workflow_id"] for line in said} == {name}
    assert said[0]["workflow_type"] == "Talkative"
