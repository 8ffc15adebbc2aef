import asyncio
import signal
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from steadydesk.stack.failure import StackError
from steadydesk.stack.leftovers import is_running
from steadydesk.stack.namespace import ensure_namespace, register_search_attributes
from steadydesk.stack.ports import free_ports
from steadydesk.stack.temporal import EmbeddedTemporal

STATE = SearchAttributeKey.for_keyword("SmallState")
GROUP = SearchAttributeKey.for_keyword("SmallGroup")


@workflow.defn(sandboxed=False)
class Waiting:
    """Waits; no worker runs it here."""

    @workflow.run
    async def run(self) -> None:
        await workflow.sleep(timedelta(days=1))


@pytest.fixture(scope="module")
async def temporal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedTemporal]:
    async with EmbeddedTemporal(
        tmp_path_factory.mktemp("temporal") / "temporal.db", *free_ports(1)
    ) as server:
        yield server


async def test_a_killed_server_keeps_its_workflows(tmp_path: Path) -> None:
    temporal = EmbeddedTemporal(tmp_path / "temporal.db", *free_ports(1))
    await temporal.start()
    client = await temporal.connect()
    await client.start_workflow(Waiting.run, id="REQ1", task_queue="none")
    assert temporal.process
    temporal.process.send(signal.SIGKILL)
    await temporal.process.wait()
    async with temporal:
        found = await (await temporal.connect()).get_workflow_handle("REQ1").describe()
        assert found.workflow_type == "Waiting"


async def test_a_server_left_behind_on_the_file_is_stopped_first(tmp_path: Path) -> None:
    ports = free_ports(2)
    left_behind = EmbeddedTemporal(tmp_path / "temporal.db", ports[0])
    await left_behind.start()
    assert left_behind.process
    async with EmbeddedTemporal(tmp_path / "temporal.db", ports[1]):
        await left_behind.process.wait()
        assert not is_running(left_behind.process.pid)


async def test_an_unknown_argument_shows_the_log(tmp_path: Path) -> None:
    temporal = EmbeddedTemporal(tmp_path / "t.db", *free_ports(1), extra_arguments=["--no-such-flag"])
    with pytest.raises(StackError, match="no-such-flag"):
        await temporal.start()


async def test_search_attributes_are_added_once_and_usable_at_once(temporal: EmbeddedTemporal) -> None:
    """Also those that a later release adds to what the server has written already."""
    client = await temporal.connect()
    wanted = {"SmallState": "Keyword", "SmallDue": "Datetime"}
    assert await register_search_attributes(client, wanted) == ["SmallDue", "SmallState"]
    assert await register_search_attributes(client, wanted) == []
    await _find_by(client, STATE)
    assert await register_search_attributes(client, wanted | {"SmallGroup": "Keyword"}) == ["SmallGroup"]
    await _find_by(client, GROUP)


async def _find_by(client: Client, key: SearchAttributeKey[str]) -> None:
    attributes = TypedSearchAttributes([SearchAttributePair(key, "open")])
    await client.start_workflow(
        Waiting.run, id=str(uuid.uuid4()), task_queue="none", search_attributes=attributes
    )
    async with asyncio.timeout(10):
        while not (await client.count_workflows(f"{key.name} = 'open'")).count:
            await asyncio.sleep(0.05)


async def test_a_search_attribute_of_another_type_is_refused(temporal: EmbeddedTemporal) -> None:
    client = await temporal.connect()
    await register_search_attributes(client, {"Mixed": "Keyword"})
    with pytest.raises(StackError, match="Mixed of namespace default have another type"):
        await register_search_attributes(client, {"Mixed": "Int"})


async def test_our_namespace_gets_the_retention_a_foreign_one_keeps_its_own(
    temporal: EmbeddedTemporal,
) -> None:
    client = await temporal.connect()
    await ensure_namespace(client, timedelta(days=90), ours=True)
    assert await _retention(client) == timedelta(days=90)
    await ensure_namespace(client, timedelta(days=30), ours=False)
    assert await _retention(client) == timedelta(days=90)


async def test_a_missing_namespace_is_made_and_usable_at_once(temporal: EmbeddedTemporal) -> None:
    client = await Client.connect(temporal.address, namespace="desk")
    await ensure_namespace(client, timedelta(days=7), ours=False)
    assert await _retention(client) == timedelta(days=7)
    assert await register_search_attributes(client, {"DeskState": "Keyword"}) == ["DeskState"]


async def _retention(client: Client) -> timedelta:
    request = DescribeNamespaceRequest(namespace=client.namespace)
    found = await client.workflow_service.describe_namespace(request)
    return found.config.workflow_execution_retention_ttl.ToTimedelta()
