"""Whoever ordered a grant for somebody else leaves: it goes to who answers for them, and nobody is missed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from activities.grant import GrantActivities
from activities.registry import GRANTS
from activities.transition import Transitions
from steadydesk.contracts.grant import GrantProcess, GrantState
from steadydesk.contracts.request_commands import OutcomeKind, TellRequest
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.errands import perform_key
from steadydesk.policies.rights import Verb, may
from steadydesk.records.directory_departure import reactivate
from steadydesk.records.directory_events import installation
from steadydesk.records.directory_standing import standing
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.process import process as process_table
from steadydesk.records.views.visibility import Viewer, relations
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import catalogue
from tests.support.request_desk import Desk, request_desk
from tests.support.requests import automated

_GIVEN = {
    "plan": {"steps": {"one": automated(grant={"entitlement": "A", "until": {"from": "variables.until"}})}}
}
_SILENT = {"effective_at": "day", "silent_until_effective": True}
_UP_THE_LINE = [
    ("granting", ("rita",), "mona"),
    ("granting", ("rita", "mona"), "dora"),
    ("granting", ("solo",), "g:leavers"),
    ("confidential-grant", ("rita",), "g:confidants"),
]


@pytest.fixture(scope="module")
async def module_desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    items: dict[str, dict[str, Any]] = {
        "confidential-grant": {"model": "confidential", **_GIVEN},
        "silent-grant": _SILENT | _GIVEN,
    }
    async with request_desk(postgres, "grant_requester", catalogue(items)) as desk:
        yield desk


@pytest.fixture(autouse=True)
async def desk(module_desk: Desk) -> AsyncIterator[Desk]:
    yield module_desk
    await module_desk.as_at_first()


def activities(desk: Desk) -> GrantActivities:
    return GrantActivities(Transitions(GRANTS, desk.engine, desk.waker))


async def given(desk: Desk, item: str = "granting", by: str = "rita", to: str = "ralf", **more: str) -> str:
    """The number of a grant that is about to begin."""
    until = (desk.now + timedelta(days=30)).date().isoformat()
    number = await desk.order(item, by=by, requested_for=to, variables={"until": until, **more})
    await desk.report(number, perform_key(await desk.line(number), "one"), OutcomeKind.DONE)
    grant = (await desk.line(number)).steps["one"].grant
    assert grant is not None
    return grant


async def begun(desk: Desk, item: str = "granting", by: str = "rita", to: str = "ralf", **more: str) -> str:
    grant = await given(desk, item, by, to, **more)
    await activities(desk).open_grant(desk.tick(grant, "open"))
    return grant


async def document(desk: Desk, grant: str) -> GrantProcess:
    async with desk.engine.connect() as connection:
        kept = select(process_table.c.document).where(process_table.c.number == grant)
        return GrantProcess.model_validate(await connection.scalar(kept))


async def leave(desk: Desk, grant: str, name: str) -> None:
    """Somebody leaves, and the grant hears of it if it is told."""
    await desk.leave(name)
    told = await desk.rows(outbox, outbox.c.number == grant, outbox.c.event == "person.left")
    assert desk.ids[name] in {row.facts.get("person") for row in told if not row.audience}
    await hear(desk, grant, name)


async def hear(desk: Desk, grant: str, name: str) -> None:
    word = TellRequest(assertion=unsigned(), event="person_left", subject=desk.ids[name])
    await activities(desk).record_grant_message(desk.write(grant, word, "service"))


async def reminded(desk: Desk, grant: str) -> set[str]:
    """Who hears that it is about to end."""
    desk.now += timedelta(days=25)
    await activities(desk).ring_grant(desk.tick(grant))
    [told] = await desk.rows(outbox, outbox.c.number == grant, outbox.c.event == "grant.expiring")
    return set(told.audience)


async def why_seen(desk: Desk, number: str, who: str) -> list[str]:
    async with desk.engine.connect() as connection:
        found = await standing(connection, desk.ids[who], desk.now)
        assert found is not None
        return await relations(connection, Viewer.of(found, desk.now), number)


def subject_of(desk: Desk, name: str) -> str:
    return name if name.startswith("g:") else f"p:{desk.ids[name]}"


@pytest.mark.parametrize(("item", "gone", "acting"), _UP_THE_LINE)
async def test_who_is_there_hears_of_it_in_their_place(
    desk: Desk, item: str, gone: tuple[str, ...], acting: str
) -> None:
    grant = await begun(desk, item, gone[0])
    for name in gone:
        await leave(desk, grant, name)
    left = await desk.rows(outbox, outbox.c.number == grant, outbox.c.event == "person.left")
    told = [row for row in sorted(left, key=lambda row: row.seq) if row.audience]
    assert len(told) == len(gone)
    assert subject_of(desk, acting) in told[-1].audience
    assert await reminded(desk, grant) == {subject_of(desk, acting), f"p:{desk.ids['ralf']}"}


@pytest.mark.parametrize(
    ("item", "who"), [("granting", "mona"), ("confidential-grant", "carl"), ("confidential-grant", None)]
)
async def test_who_acts_may_take_it_back_and_extend_it(desk: Desk, item: str, who: str | None) -> None:
    """Also where the order had ended; nobody outside of a restricted one comes to see either."""
    grant = await begun(desk, item)
    await leave(desk, grant, "rita")
    order = (await document(desk, grant)).request
    may_revoke = may(Verb.CANCEL, await why_seen(desk, grant, who or "mona"))
    may_extend = may(Verb.EXTEND, await why_seen(desk, order, who or "mona"))
    assert (may_revoke, may_extend) == (who is not None, who is not None)


async def test_nobody_acts_for_it_who_must_not_know_of_it_yet(desk: Desk) -> None:
    day = (desk.now + timedelta(days=10)).date().isoformat()
    grant = await begun(desk, "silent-grant", to="mona", day=day)
    await leave(desk, grant, "rita")
    assert (await document(desk, grant)).in_their_place == [f"p:{desk.ids['dora']}"]
    assert await why_seen(desk, grant, "mona") == []


async def test_it_begins_in_the_hands_of_who_is_there(desk: Desk) -> None:
    """Its order had ended, and heard of nobody's leaving."""
    grant = await given(desk)
    await desk.leave("rita")
    await activities(desk).open_grant(desk.tick(grant, "open"))
    assert (await document(desk, grant)).in_their_place == [f"p:{desk.ids['mona']}"]
    assert may(Verb.CANCEL, await why_seen(desk, grant, "mona"))


async def test_it_begins_in_the_hands_of_who_acts_in_its_order(desk: Desk) -> None:
    grant = await given(desk)
    await desk.leave("rita", (await desk.rows(outbox, outbox.c.subject == grant))[0].number)
    await activities(desk).open_grant(desk.tick(grant, "open"))
    assert (await document(desk, grant)).in_their_place == [f"p:{desk.ids['mona']}"]
    left = await desk.rows(outbox, outbox.c.number == grant, outbox.c.event == "person.left")
    assert [row for row in left if row.audience] == []


async def test_taken_up_again_it_goes_to_who_is_there_once(desk: Desk) -> None:
    grant = await begun(desk)
    await desk.leave("rita")
    for _ in range(2):
        await activities(desk).take_up_grant(desk.tick(grant))
    assert (await document(desk, grant)).in_their_place == [f"p:{desk.ids['mona']}"]
    left = await desk.rows(outbox, outbox.c.number == grant, outbox.c.event == "person.left")
    assert len([row for row in left if row.audience]) == 1


async def test_what_they_held_themselves_only_goes(desk: Desk) -> None:
    grant = await begun(desk, to="rita")
    await leave(desk, grant, "rita")
    found = await document(desk, grant)
    assert (found.state, found.in_their_place) == (GrantState.REVOKING, [])


async def test_who_is_back_before_it_hears_of_them_keeps_it(desk: Desk) -> None:
    grant = await begun(desk)
    await desk.leave("rita")
    async with desk.engine.begin() as connection:
        await reactivate(connection, desk.ids["rita"], installation(desk.now))
    await hear(desk, grant, "rita")
    assert (await document(desk, grant)).in_their_place == []
