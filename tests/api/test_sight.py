"""Sight in the course of time: watching, silence, work notes, files; nobody is let in by a side door."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from api.metrics import PREFIX
from steadydesk.policies.rights import Relation
from steadydesk.records.delivery_audience import audience, who_sees
from steadydesk.records.directory_standing import standing
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.views.hints import kinds_of
from steadydesk.records.views.visibility import Viewer
from tests.support.api_desk import ApiDesk
from tests.support.visibility_matrix import ACTORS, Subject
from tests.support.visibility_subjects import SILENT, delegate, matrix_subjects


@pytest.fixture(scope="module")
async def desk(desk: ApiDesk) -> ApiDesk:
    await desk.headers("lars.left")
    await delegate(desk)
    return desk


@pytest.fixture(scope="module")
async def subjects(desk: ApiDesk) -> dict[str, Subject]:
    return await matrix_subjects(desk)


async def test_the_silent_hour_ends_by_itself(desk: ApiDesk, subjects: dict[str, Subject]) -> None:
    number = subjects["silent"].request
    assert (await desk.call("kim.kept", "GET", f"/requests/{number}")).status_code == 404
    with desk.later(timedelta(days=365 * 10)):
        assert (await desk.call("kim.kept", "GET", f"/requests/{number}")).status_code == 200


@pytest.mark.parametrize(
    "name", [name for name, actor in ACTORS.items() if actor.permissions and not actor.for_]
)
async def test_messages_webhooks_and_hints_are_of_what_is_visible(
    desk: ApiDesk, subjects: dict[str, Subject], name: str
) -> None:
    """The ways by which a record comes to people unasked agree with the matrix, for each of them and each record."""
    person, now = await desk.person(ACTORS[name].user_name or ""), desk.services.clock()
    async with desk.services.engine.connect() as connection:
        who = await standing(connection, person, now)
        assert who is not None
        for key, about in subjects.items():
            sees = bool(about.relations.get(name))
            pairs = [(number, person) for number in (about.request, about.line, about.task) if number]
            assert await who_sees(connection, pairs, now, about_none=False) == (
                set(pairs) if sees else set()
            ), key
            assert bool(await kinds_of(connection, Viewer.of(who, now), [about.request])) == sees, key
            of_it = select(outbox.c.seq).where(outbox.c.number == about.request)
            told = await audience(connection, list(await connection.scalars(of_it)), now, about_none=False)
            reached = {one.person for people in told.values() for one in people if one.sees}
            assert sees or person not in reached, key
            assert reached, "somebody hears of each"


async def test_watching_gives_and_takes_sight(desk: ApiDesk, subjects: dict[str, Subject]) -> None:
    number = subjects["finance"].request
    for watches, status in ((True, 200), (False, 404), (True, 200), (False, 404)):
        await desk.post(
            "rita.requester", f"/requests/{number}/watch", {"person": "stan.stranger", "watch": watches}
        )
        assert (await desk.call("stan.stranger", "GET", f"/requests/{number}")).status_code == status


@pytest.mark.parametrize(
    ("record", "by", "whom"),
    [
        ("restricted", "rita.requester", "stan.stranger"),
        ("restricted", "rita.requester", "ada.admin"),
        ("silent", "hanna.hr", "kim.kept"),
    ],
)
async def test_nobody_is_let_in_as_a_watcher(
    desk: ApiDesk, subjects: dict[str, Subject], record: str, by: str, whom: str
) -> None:
    number = subjects[record].request
    refused = await desk.call(by, "POST", f"/requests/{number}/watch", {"person": whom})
    assert refused.status_code == 403, refused.text
    assert (await desk.call(whom, "GET", f"/requests/{number}")).status_code == 404


async def test_a_moved_last_day_moves_the_silence(desk: ApiDesk) -> None:
    variables = {"person": "ralf.requester", "last_day": "2026-12-31"}
    view = await desk.order("hanna.hr", "leaver", **variables)
    changed = {"variables": variables | {"last_day": SILENT}}
    await desk.post("hanna.hr", f"/requests/{view['number']}/resubmit", changed)
    with desk.later(timedelta(days=400)):
        assert (await desk.call("ralf.requester", "GET", f"/requests/{view['number']}")).status_code == 404


async def test_work_notes_are_hidden_from_the_customers(desk: ApiDesk, subjects: dict[str, Subject]) -> None:
    number = subjects["plain"].request
    note = {"text": "between us", "work_note": True}
    await desk.post("ingo.it", f"/requests/{number}/comments", note)
    for who, sees in (
        ("ingo.it", True),
        ("ines.itlead", True),
        ("rita.requester", False),
        ("mona.manager", False),
    ):
        timeline = await desk.get(who, f"/requests/{number}/timeline")
        assert ("between us" in str(timeline)) is sees, who


async def test_an_attachment_of_another_record_is_not_found(
    desk: ApiDesk, subjects: dict[str, Subject]
) -> None:
    headers = await desk.headers("helga.hrlead")
    hidden, plain = subjects["restricted"].request, subjects["plain"].request
    uploaded = await desk.client.post(
        f"{PREFIX}/requests/{hidden}/attachments", headers=headers, files={"file": ("a.txt", b"secret words")}
    )
    assert uploaded.status_code == 201, uploaded.text
    path = f"/attachments/{uploaded.json()['id']}"
    assert (await desk.call("helga.hrlead", "GET", f"/requests/{hidden}{path}")).text == "secret words"
    assert (await desk.call("rita.requester", "GET", f"/requests/{plain}{path}")).status_code == 404
    assert (await desk.call("adam.admin", "GET", f"/requests/{hidden}{path}")).status_code == 404


async def test_everybody_who_sees_is_in_the_table_of_sights(
    desk: ApiDesk, subjects: dict[str, Subject]
) -> None:
    """The hand-written relations leave nobody out: each row of sight belongs to one of the actors or a group."""
    async with desk.services.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT number, why FROM sight"))).all()
    assert {why for _, why in rows} <= {str(why) for why in Relation}
    assert {about.request for about in subjects.values()} <= {number for number, _ in rows}
