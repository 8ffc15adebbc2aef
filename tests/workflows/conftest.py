"""Fixtures of tests on running workflows: a desk whose clock goes, its worker, and a server of its own."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from steadydesk.policies import assertion
from tests.support.request_desk import KEYRING, Desk
from tests.support.request_worker import Works, now, working
from tests.support.time_skipping import time_skipping_environment


@pytest.fixture
async def desk(module_desk: Desk) -> Desk:
    await module_desk.as_at_first()
    assertion.install(KEYRING)
    module_desk.now = now()
    return module_desk


@pytest.fixture
async def works(desk: Desk, temporal_env: WorkflowEnvironment) -> AsyncIterator[Works]:
    """A worker whose requests wait in real time."""
    with temporal_env.with_time_skipping_disabled():
        async with working(desk, temporal_env.client) as works:
            yield works


@pytest.fixture(scope="module")
async def own_env() -> AsyncIterator[WorkflowEnvironment]:
    """A server of its own: the ids of the delivery workflows are the same for everybody."""
    async with time_skipping_environment() as environment:
        yield environment
