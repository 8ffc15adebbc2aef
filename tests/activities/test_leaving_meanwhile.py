"""Somebody leaves, or leaves a group, while a process puts their name down: it waits, and names somebody else."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.directory_document import DirectoryDocument
from steadydesk.contracts.identity import OidcClaims, OidcMapping
from steadydesk.contracts.request_commands import TaskAction
from steadydesk.records.directory_claims import follow_claims
from steadydesk.records.directory_departure import deactivate
from steadydesk.records.directory_events import installation
from steadydesk.records.directory_groups import remove_member
from steadydesk.records.directory_import import apply_directory
from steadydesk.records.directory_standing import standing
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.process import sight
from tests.support.locks import until_it_waits
from tests.support.request_desk import Desk, refused
from tests.support.requests import NOW

Ends = Callable[[Desk, AsyncConnection], Awaitable[object]]


async def removed(desk: Desk, connection: AsyncConnection) -> None:
    await remove_member(connection, "desk", desk.ids["ida"], installation(desk.now))


async def imported(desk: Desk, connection: AsyncConnection) -> None:
    entry = {"user_name": "ida", "name": "Ida", "groups": []}
    await apply_directory(connection, DirectoryDocument.model_validate({"people": [entry]}), desk.now)


async def claimed(desk: Desk, connection: AsyncConnection) -> None:
    ida = await standing(connection, desk.ids["ida"], desk.now)
    assert ida is not None
    claims = OidcClaims(user_name="ida", groups=frozenset(), expires_at=NOW)
    mapping = OidcMapping(groups={"d": "desk"})
    assert await follow_claims(connection, ida, claims, mapping, installation(desk.now))


async def left(desk: Desk, connection: AsyncConnection) -> None:
    await deactivate(connection, desk.ids["ida"], installation(desk.now))


@pytest.mark.parametrize("ends", [removed, imported, claimed, left])
@pytest.mark.parametrize(
    ("action", "by", "refusal"),
    [(TaskAction.ASSIGN, "ingo", "InvalidInput"), (TaskAction.START, "ida", "NotAllowed")],
)
async def test_a_task_goes_to_nobody_who_is_just_leaving_its_group(
    desk: Desk, ends: Ends, action: TaskAction, by: str, refusal: str
) -> None:
    """The end of their membership has found no task of theirs: this one would never come back to its queue."""
    number = await desk.order("by-hand")
    task = (await desk.task(number, "one")).number
    given = {"assignee": desk.ids["ida"]} if action is TaskAction.ASSIGN else {}
    async with desk.engine.begin() as connection:
        await ends(desk, connection)
        giving = asyncio.create_task(refused(desk.act(number, task, action, by=by, **given)))
        await until_it_waits(desk.owner, giving)
    assert await giving == refusal
    assert (await desk.task(number, "one")).assigned_to is None


@pytest.mark.parametrize("ends", [removed, imported, claimed])
async def test_the_end_of_a_membership_finds_a_task_that_is_just_given(
    desk: Desk, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await desk.order("by-hand")
    task = (await desk.task(number, "one")).number

    async def end() -> None:
        async with desk.engine.begin() as connection:
            await ends(desk, connection)

    ending: list[asyncio.Task[None]] = []
    finish = desk.transitions.finish

    async def finish_beside(*work: Any, **more: Any) -> Any:
        ending.append(asyncio.create_task(end()))
        await until_it_waits(desk.owner, ending[0])
        return await finish(*work, **more)

    with monkeypatch.context() as patched:
        patched.setattr(desk.transitions, "finish", finish_beside)
        await desk.act(number, task, TaskAction.ASSIGN, assignee=desk.ids["ida"])
    await ending[0]
    told = await desk.rows(outbox, outbox.c.number == number, outbox.c.event == "membership.ended")
    assert [row.facts["person"] for row in told] == [desk.ids["ida"]]


async def hear_of(desk: Desk, number: str, gone: str, *, leaving: str) -> None:
    """The process hears that one has left, while the departure of another is being written."""
    async with desk.engine.begin() as connection:
        await deactivate(connection, desk.ids[leaving], installation(desk.now))
        hearing = asyncio.create_task(desk.tell(number, "person_left", subject=desk.ids[gone]))
        await until_it_waits(desk.owner, hearing)
    await hearing


async def test_an_order_goes_to_no_manager_who_is_just_leaving(desk: Desk) -> None:
    """Their departure has not found the order: nobody would act for its requester."""
    number = await desk.order("by-hand")
    await desk.leave("rita")
    await hear_of(desk, number, "rita", leaving="mona")
    assert (await desk.document(number)).in_their_place == [f"p:{desk.ids['dora']}"]


async def test_a_leavers_task_is_shown_to_no_manager_who_is_just_leaving(desk: Desk) -> None:
    number = await desk.order("by-hand")
    await desk.act(number, (await desk.task(number, "one")).number, TaskAction.START, by="ida")
    await desk.leave("ida")
    await hear_of(desk, number, "ida", leaving="ines")
    subjects = {row.subject for row in await desk.rows(sight, sight.c.number == number)}
    assert f"p:{desk.ids['dora']}" in subjects
    assert f"p:{desk.ids['ines']}" not in subjects
