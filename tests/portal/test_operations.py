"""The pages for operators: numbers and states, what is in trouble and what mends it; nothing restricted."""

import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select

import steadydesk.configuration
from api.portal.words import words_in
from steadydesk.configuration import apply as application
from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.records.anchors import seal
from steadydesk.records.configuration import versions
from steadydesk.records.directory_events import Author
from steadydesk.records.tables.delivery import delivery, outbox
from steadydesk.records.tables.effect import breaker
from steadydesk.records.tables.identity import security_event
from steadydesk.records.tables.process import command_key, record, reservation, stuck_process
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.portal.visitors import Visitor, statements, tags, visitor
from tests.support.api_desk import ApiDesk, api_desk

OPERATOR = "olga.operator"
ADMINISTRATOR = "ada.admin"
DEMO = Path(steadydesk.configuration.__file__).parent / "demo"
LETTER = "d_" + "7" * 32
PAGES = [
    "/operations",
    "/operations/processes",
    "/operations/processes?kind=REQ&waits_for=approval&state=open",
    "/operations/stuck",
    "/operations/deliveries",
    "/operations/breakers",
    "/operations/security?days=30",
    "/operations/audit",
    "/operations/configuration",
]


@dataclass(frozen=True)
class Orders:
    """Three requests: the operator's own, one that they have no part in, and a restricted one."""

    own: str
    known: str
    hidden: str


@pytest.fixture(scope="module")
async def desk(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ApiDesk]:
    async with api_desk(postgres, "operations", tmp_path_factory.mktemp("operations")) as opened:
        yield opened


@pytest.fixture(scope="module")
async def olga(desk: ApiDesk) -> AsyncIterator[Visitor]:
    async with visitor(desk, OPERATOR) as browser:
        yield browser


@pytest.fixture(scope="module")
async def rita(desk: ApiDesk) -> AsyncIterator[Visitor]:
    async with visitor(desk, "rita.requester") as browser:
        yield browser


@pytest.fixture(scope="module")
async def orders(desk: ApiDesk) -> Orders:
    own = await desk.order(OPERATOR, "hr-conversation", topic="other")
    known = await desk.order(
        "rita.requester", "meeting-room-setup", room="quay", day="2030-03-31", people=4, catering=False
    )
    hidden = await desk.order("rita.requester", "hr-conversation", topic="health")
    found = Orders(own["number"], known["number"], hidden["number"])
    await _trouble(desk, found)
    await desk.services.answered.write()
    return found


async def _trouble(desk: ApiDesk, orders: Orders) -> None:
    """Each of the three is stuck, unanswered, undelivered and attacked."""
    now = datetime.now(UTC)
    async with desk.services.engine.begin() as connection:
        for place, number in enumerate((orders.own, orders.known, orders.hidden)):
            early = now - timedelta(minutes=30 + place)
            await connection.execute(
                insert(stuck_process).values(number=number, problem="Boom", since=early, seen_at=now)
            )
            await connection.execute(
                insert(command_key).values(
                    actor="p_x", key=f"k{place}", body_hash="x", number=number, update_id="x", made_at=early,
                    command={"name": "cancel"}, answer_due_at=now,
                )
            )  # fmt: skip
            await connection.execute(
                insert(security_event).values(
                    id=f"sec_{place}", kind="forged-update", number=number, detail="cancel", at=early
                )
            )
            posted = insert(outbox).values(
                id=f"o{place}", event="request.completed", number=number, audience=[], facts={}, at=early
            )
            seq = await connection.scalar(posted.returning(outbox.c.seq))
            await connection.execute(
                insert(delivery).values(
                    id=LETTER[:-1] + str(place), outbox_id=f"o{place}", seq=seq, number=number, channel="mail",
                    target="mail", recipient=await desk.person("rita.requester"), state="dead", attempts=9,
                    problem="refused by the server", queued_at=early, ended_at=early,
                )
            )  # fmt: skip
        until = (now + timedelta(minutes=5)).isoformat()
        document = {"phase": "open", "failures": 5, "openings": 2, "until": until}
        await connection.execute(insert(breaker).values(target="erp", document=document, updated_at=now))
        await connection.execute(
            insert(reservation).values(
                number="REQ0900001", order={}, opened_by="p_x", reserved_at=now - timedelta(hours=1)
            )
        )


@pytest.mark.parametrize("path", PAGES)
async def test_each_page_takes_five_statements(
    desk: ApiDesk, olga: Visitor, orders: Orders, path: str
) -> None:
    await olga.page("/operations")
    with statements(desk) as counted:
        html = await olga.page(path)
    assert counted.count <= 5, "\n\n".join(counted.texts)
    shown = tags(html)
    assert sum(tag == "h1" for tag, _ in shown) == 1
    assert orders.hidden not in html
    assert not any("style" in attributes for _, attributes in shown)


async def test_a_pause_that_is_over_says_what_tries_the_target(desk: ApiDesk, olga: Visitor) -> None:
    over = "The pause is over; what is next for it tries it"
    assert over not in await olga.page("/operations/breakers")
    now = datetime.now(UTC)
    document = {
        "phase": "open",
        "failures": 5,
        "openings": 1,
        "until": (now - timedelta(minutes=2)).isoformat(),
    }
    async with desk.services.engine.begin() as connection:
        await connection.execute(insert(breaker).values(target="crm", document=document, updated_at=now))
    try:
        assert over in await olga.page("/operations/breakers")
    finally:
        async with desk.services.engine.begin() as connection:
            await connection.execute(breaker.delete().where(breaker.c.target == "crm"))


@pytest.mark.parametrize("path", [*PAGES, "/operations/configuration/none"])
async def test_only_operators_open_them(rita: Visitor, path: str) -> None:
    assert (await rita.open(path)).status_code == 403


async def test_processes_are_counted_as_far_as_one_may_know_of_them(
    desk: ApiDesk, olga: Visitor, orders: Orders
) -> None:
    async with desk.services.engine.connect() as connection:
        rows = (await connection.execute(select(record).where(record.c.open, record.c.kind == "REQ"))).all()
    mine = [row for row in rows if not row.restricted or row.number == orders.own]
    assert {row.number for row in rows} - {row.number for row in mine} == {orders.hidden}
    overview = await olga.page("/operations")
    everything = await olga.page("/operations/processes?kind=REQ")
    tasks = await olga.page("/operations/processes?kind=REQ&waits_for=task")
    counted = re.search(r'id="kind-REQ-title">Requests <span class="tally">(\d+)<', overview)
    assert counted is not None
    assert int(counted[1]) == len(mine)
    assert "Facilities desk" in everything
    assert "facilities-desk" not in everything, "groups have names"
    listed = set(re.findall(r"REQ\d{7}", everything))
    assert listed == {row.number for row in mine}
    waiting = {row.number for row in mine if any(each["kind"] == "task" for each in row.waiting)}
    assert set(re.findall(r"REQ\d{7}", tasks)) == waiting


async def test_no_words_of_a_record_that_one_does_not_see(
    desk: ApiDesk, olga: Visitor, orders: Orders
) -> None:
    html = await olga.page("/operations/processes")
    assert "Confidential conversation" in html
    assert "Meeting room" not in html
    assert f'href="/records/{orders.own}"' in html
    assert f'href="/records/{orders.known}"' not in html
    settings = desk.services.settings
    assert (
        f'href="{settings.temporal_ui_url}/namespaces/{settings.namespace}/workflows/{orders.known}"' in html
    )


async def test_where_no_temporal_ui_is_known_nothing_links_to_it(
    desk: ApiDesk, olga: Visitor, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = ("/operations/processes", f"/records/{orders.own}")
    assert ["/namespaces/" in await olga.page(path) for path in paths] == [True, True]
    monkeypatch.setattr(desk.services.settings, "temporal_ui_url", None)
    assert ["/namespaces/" in await olga.page(path) for path in paths] == [False, False]


async def test_a_stuck_restricted_process_is_told_without_its_number(olga: Visitor, orders: Orders) -> None:
    html = await olga.page("/operations/stuck")
    assert html.count("<code>Boom</code>") == 3
    assert (orders.own in html, orders.known in html, orders.hidden in html) == (True, True, False)
    assert "REQ0900001" in html


@pytest.mark.usefixtures("orders")
async def test_a_dead_letter_is_sent_again(olga: Visitor) -> None:
    before = await olga.page("/operations/deliveries")
    assert before.count("refused by the server") == 3
    assert before.count("Rita") == 2, "not to whom the restricted one goes"
    answer = await olga.send(f"/operations/deliveries/{LETTER[:-1]}0/retry")
    assert answer.status_code == 303
    after = await olga.page(answer.headers["location"])
    assert "The message is being sent again." in after
    assert after.count("refused by the server") == 2
    again = await olga.send(f"/operations/deliveries/{LETTER[:-1]}0/retry")
    assert again.status_code == 409
    assert "only one that failed can be sent again" in again.text


async def test_breakers_and_security_events_by_kind(olga: Visitor, orders: Orders) -> None:
    security = await olga.page("/operations/security")
    breakers = await olga.page("/operations/breakers")
    other = await olga.page("/operations/security?days=1&kind=break-glass")
    assert "Command without proof" in security
    assert orders.known in security
    assert orders.known not in other
    assert "Left alone" in breakers
    assert "in 4 minutes" in breakers or "in 5 minutes" in breakers


@pytest.mark.parametrize(("language", "span"), [("en", "7 days"), ("de", "7 Tage")])
def test_a_span_that_stands_alone_is_in_the_nominative(language: str, span: str) -> None:
    assert words_in(language)("time.days_alone", count=7) == span


@pytest.mark.parametrize("path", ["/security-events", "/deliveries/dead-letters"])
async def test_the_api_names_no_restricted_record_to_operators_either(
    desk: ApiDesk, orders: Orders, path: str
) -> None:
    """The row is there, without number and recipient; for who sees the record, with them."""
    listed = (await desk.get(OPERATOR, path))["items"]
    assert {orders.known, None} <= {one["number"] for one in listed} <= {orders.own, orders.known, None}
    assert orders.hidden not in str(listed)
    assert all(one.get("recipient", True) for one in listed if one["number"])
    assert not any(one.get("recipient") for one in listed if not one["number"])
    first = await desk.get(OPERATOR, f"{path}?limit=1")
    following = await desk.get(OPERATOR, f"{path}?limit=200&after={first['after']}")
    assert first["items"] + following["items"] == listed


@pytest.mark.usefixtures("orders")
async def test_sending_a_hidden_letter_again_does_not_name_it(desk: ApiDesk) -> None:
    [hidden] = [
        one for one in (await desk.get(OPERATOR, "/deliveries/dead-letters"))["items"] if not one["number"]
    ]
    again = await desk.post(OPERATOR, f"/deliveries/{hidden['id']}/retry")
    assert (again["state"], again["number"], again["recipient"]) == ("queued", None, None)


async def test_the_audit_of_a_record_is_recomputed(desk: ApiDesk, olga: Visitor, orders: Orders) -> None:
    assert "Nothing was signed yet" in await olga.page("/operations/audit")
    async with desk.services.engine.begin() as connection:
        await seal(connection, b"k" * 32, datetime.now(UTC))
    assert "Signed last" in await olga.page("/operations/audit")
    one = await _checked(olga, which="number", number=orders.known.lower().replace("req", "req "))
    assert "1 chain with" in one
    assert "no fault" in one
    lately = await _checked(olga, which="lately")
    assert "no fault" in lately
    for number in (orders.hidden, "REQ0999999", "x"):
        refused = await olga.send("/operations/audit", which="number", number=number)
        assert refused.status_code == 422
        assert "There is no such record" in refused.text
    async with desk.services.engine.begin() as connection:
        await connection.execute(delete(stuck_process))


async def _checked(olga: Visitor, **fields: str) -> str:
    answer = await olga.send("/operations/audit", **fields)
    assert answer.status_code == 200, answer.text[:2000]
    return answer.text


async def test_the_first_version_is_summed_up_by_part_and_folded(desk: ApiDesk, olga: Visitor) -> None:
    async with desk.services.engine.connect() as connection:
        [first] = [one for one in await versions(connection, limit=50) if one.serial == 1]
    with statements(desk) as counted:
        html = await olga.page(f"/operations/configuration/{first.digest}")
    assert counted.count <= 5
    assert re.search(r"<summary>Catalogue <span class=\"small\">[\d,]+ added, 0 changed, 0 removed<", html)
    assert "part-of" in html
    assert '<details class="card part-of" open>' not in html


async def test_a_version_is_found_by_the_beginning_of_its_digest(desk: ApiDesk, olga: Visitor) -> None:
    async with desk.services.engine.connect() as connection:
        [first] = [one for one in await versions(connection, limit=50) if one.serial == 1]
    path = f"/operations/configuration/{first.digest}"
    assert f"<code>{first.digest[:12]}</code>" in await olga.page(path[:-56])
    assert "The versions do not differ" in await olga.page(f"{path}?base={first.digest[:12]}")
    assert (await olga.open(path[:-57])).status_code == 422


async def test_the_first_page_of_operators_sums_up_what_needs_them(desk: ApiDesk, olga: Visitor) -> None:
    with statements(desk) as counted:
        html = await olga.page("/")
    assert counted.count <= 5, "\n\n".join(counted.texts)
    places = ("stuck", "deliveries", "breakers", "security?days=1")
    assert [place for place in places if f'href="/operations/{place}"' not in html] == []
    async with visitor(desk, "rita.requester") as rita:
        assert "/operations/" not in await rita.page("/")


async def test_a_second_person_puts_a_version_in_force(desk: ApiDesk, olga: Visitor, tmp_path: Path) -> None:
    folder = tmp_path / "wanted"
    shutil.copytree(DEMO, folder)
    organisation = folder / "organisation.yaml"
    text = organisation.read_text()
    assert "second_person_applies: false" in text
    organisation.write_text(text.replace("second_person_applies: false", "second_person_applies: true"))
    author = Author(await desk.person(OPERATOR), datetime.now(UTC), AuthenticationMethod.SESSION)
    async with desk.services.engine.begin() as connection:
        version, _ = await application.apply(connection, folder, "Two pairs of eyes", author)
    path = f"/operations/configuration/{version.digest}"
    async with visitor(desk, ADMINISTRATOR) as ada:
        listed = await olga.page("/operations/configuration")
        assert "Two pairs of eyes" in listed
        assert "waits for approval" in listed
        assert "Put this version in force" not in await olga.page(path)
        assert (await olga.send(f"{path}/approve")).status_code == 403
        with statements(desk) as counted:
            html = await ada.page(path)
        assert counted.count <= 5, "\n\n".join(counted.texts)
        assert "organisation.second_person_applies" in html
        answer = await ada.send(f"{path}/approve")
        assert answer.status_code == 303
        assert "in force" in await ada.page(answer.headers["location"])
        assert (await ada.send(f"{path}/approve")).status_code == 409
