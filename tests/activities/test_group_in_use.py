"""A group that is needed is not ended."""

import pytest

from steadydesk.contracts.directory import GroupEdit, NewGroup
from steadydesk.contracts.directory_document import DirectoryDocument
from steadydesk.errors import GroupInUse
from steadydesk.records.directory_events import installation
from steadydesk.records.directory_groups import add_group, edit_group
from steadydesk.records.directory_import import apply_directory
from tests.support.request_desk import Desk


async def refusal_of(desk: Desk, key: str) -> list[str]:
    async with desk.engine.connect() as connection:
        with pytest.raises(GroupInUse) as caught:
            await edit_group(connection, key, GroupEdit(active=False), None, installation(desk.now))
        await connection.rollback()
    assert {problem.pointer for problem in caught.value.problems} == {"/active"}
    return [problem.message for problem in caught.value.problems]


async def test_its_open_work_and_its_places_in_the_configuration_are_named(desk: Desk) -> None:
    quiet = await refusal_of(desk, "desk")
    assert "'desk': the configuration names it at catalog.manager.fulfilment_group" in quiet
    number = await desk.order("by-hand")
    said = await refusal_of(desk, "desk")
    assert said[0].endswith("open records or tasks are given to it")
    assert number not in str(said)
    await desk.order("board-all")
    assert any(one.endswith("open approvals ask its members") for one in await refusal_of(desk, "board"))


@pytest.mark.parametrize("dry_run", [True, False])
async def test_no_import_ends_it(desk: Desk, dry_run: bool) -> None:
    document = DirectoryDocument.model_validate(
        {"groups": [{"key": "new", "label": "New"}, {"key": "desk", "label": "desk", "active": False}]}
    )
    async with desk.engine.connect() as connection:
        with pytest.raises(GroupInUse) as caught:
            await apply_directory(connection, document, desk.now, dry_run=dry_run)
        await connection.rollback()
    assert {problem.pointer for problem in caught.value.problems} == {"/groups/1/active"}


async def test_one_that_nothing_needs_ends(desk: Desk) -> None:
    async with desk.engine.connect() as connection:
        by = installation(desk.now)
        await add_group(connection, NewGroup(key="spare", label="Spare"), by)
        assert not (await edit_group(connection, "spare", GroupEdit(active=False), None, by)).active
        await connection.rollback()
