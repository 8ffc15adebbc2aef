"""One whole stack for the tests of this folder."""

from collections.abc import AsyncIterator

import pytest

from tests.support.security_desk import Desk, security_desk


@pytest.fixture(scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with security_desk(tmp_path_factory.mktemp("security")) as opened:
        yield opened
