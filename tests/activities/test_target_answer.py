"""A step that another system refuses: whoever decides about it reads what that system said, and nobody else."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.errand import ErrandActivities
from activities.grant import GrantActivities
from activities.registry import GRANTS
from activities.transition import Transitions
from steadydesk.connectors.registry import Surroundings, load_registry
from steadydesk.contracts.agenda import Errand
from steadydesk.contracts.grant import Revoke
from steadydesk.contracts.request import TaskPurpose
from steadydesk.contracts.request_commands import ErrandOrder, ErrandOutcome, OutcomeKind, TaskAction
from steadydesk.contracts.views import FailureView
from steadydesk.egress.guard import EgressGuard
from steadydesk.policies.assertion import unsigned
from steadydesk.records.directory_standing import standing
from steadydesk.records.tables.effect import effect
from steadydesk.records.tables.identity import security_event
from steadydesk.records.tables.task import task as task_table
from steadydesk.records.tables.text import text_body
from steadydesk.records.views.records import find_record
from steadydesk.records.views.task_page import task_content
from steadydesk.records.views.tasks import TaskReader, task_view
from steadydesk.records.views.visibility import Viewer
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.connectors.remote import Remote, reply, served
from tests.support.request_catalogue import POLICIES
from tests.support.request_desk import Desk, request_desk
from tests.support.requests import automated, manual, organisation

SECRET = "the-key-of-the-shop"
IBAN = "DE89370400440532013000"
_OWNED = {"owner": "it-owners", "review_by": "2036-01-01"}
_VALUES = {"iban": {"from": "variables.iban"}, "what": {"from": "variables.what"}}
_FORM = {
    "fields": {
        "iban": {"kind": "text", "label": "IBAN", "sensitive": True},
        "what": {"kind": "text", "label": "What"},
        "until": {"kind": "text", "label": "Until"},
    }
}
_CALL = {"connector": "shop", "operation": "put", "values": _VALUES}
_UNDO = {"call": {"connector": "shop", "operation": "delete"}}
_UNTIL = {"entitlement": "A desk", "until": {"from": "variables.until"}}
_BODY = {"iban": "$iban", "what": "$what"}
ANSWER = f'{{"title": "Conflict", "detail": "no credit for {IBAN}, desk; not with {SECRET}"}}'.encode()
SAID = "Conflict · no credit for •••, desk; not with •••"


@pytest.fixture(scope="module")
async def remote() -> AsyncIterator[Remote]:
    async with served() as remote:
        yield remote


@pytest.fixture(scope="module")
async def module_desk(postgres: EmbeddedPostgres, remote: Remote) -> AsyncIterator[Desk]:
    config = {
        "base_url": remote.url,
        "auth": {"scheme": "bearer", "secret": "secret://shop"},
        "operations": {
            "put": {"method": "PUT", "path": "/orders", "repeatable": True, "body": _BODY, "undo": "delete"},
            "delete": {"method": "DELETE", "path": "/orders", "repeatable": True},
        },
    }
    scope = {"connectors": ["shop"], "hosts": ["127.0.0.1"], "functions": ["it"], **_OWNED}
    step = automated(call=_CALL, undo=_UNDO, on_failure="ask")
    what = organisation(
        {
            "bought": {"form": _FORM, "plan": {"steps": {"one": step, "two": manual(needs=["one"])}}},
            "lent": {"form": _FORM, "plan": {"steps": {"one": step | {"grant": _UNTIL}}}},
        },
        POLICIES,
        connectors={"shop": {"kind": "http", "label": "Shop", "config": config, **_OWNED}},
        secrets={"shop": {"source": "env:SHOP_KEY", **scope}},
    )
    async with request_desk(postgres, "activities_target_answer", what) as desk:
        yield desk


async def carry_out(desk: Desk, number: str, errand: str) -> ErrandOutcome:
    guard = Surroundings(EgressGuard(["127.0.0.1"]))
    activities = ErrandActivities(desk.engine, load_registry(), guard, {"SHOP_KEY": SECRET})
    order = ErrandOrder(number=number, key=errand, attempts=9)
    return await ActivityEnvironment().run(activities.perform_step, order)


async def attempt(desk: Desk, number: str, errand: str) -> str:
    """One attempt that fails; the type of its failure, which is all that leaves the database."""
    with pytest.raises(ApplicationError) as failed:
        await carry_out(desk, number, errand)
    assert failed.value.message == f"{failed.value.type} at {errand}"
    assert failed.value.type is not None
    return failed.value.type


async def bought(desk: Desk, item: str = "bought") -> tuple[str, str]:
    """An order, and the key of its errand."""
    number = await desk.order(item, variables={"iban": IBAN, "what": "desk", "until": "2027-03-01"})
    [errand] = (await desk.agenda(number)).agenda.errands
    return number, errand.key


async def delivered(desk: Desk, remote: Remote, item: str) -> str:
    """An order whose step the system did; from then on it refuses."""
    remote.answers = [reply(200)]
    number, errand = await bought(desk, item)
    await carry_out(desk, number, errand)
    await desk.report(number, errand, OutcomeKind.DONE)
    remote.answers = [reply(409, ANSWER)]
    return number


async def failed(desk: Desk, remote: Remote, status: int, body: bytes) -> tuple[str, str]:
    """An order whose step is refused, and the task of who decides about it."""
    remote.answers = [reply(status, body)]
    number, errand = await bought(desk)
    await desk.report(number, errand, OutcomeKind.FAILED, await attempt(desk, number, errand))
    task = await desk.task(number, "one")
    assert task.purpose is TaskPurpose.DECIDE
    return number, task.number


async def shown(desk: Desk, who: str, task: str) -> FailureView | None:
    """The same in the API and at the portal."""
    async with desk.engine.connect() as connection:
        viewer = await viewer_of(desk, connection, who)
        content = await task_content(connection, viewer, task)
        record = await find_record(connection, viewer, task)
        assert content is not None
        assert record is not None
        view = await task_view(connection, TaskReader(viewer, frozenset(), "token"), record)
    assert view.failure == content.failure
    return view.failure


async def viewer_of(desk: Desk, connection: AsyncConnection, who: str) -> Viewer:
    found = await standing(connection, desk.ids[who], desk.now)
    assert found is not None
    return Viewer.of(found, desk.now)


async def test_who_decides_reads_what_the_system_said(desk: Desk, remote: Remote) -> None:
    _, task = await failed(desk, remote, 409, ANSWER)
    failure = await shown(desk, "ingo", task)
    assert failure is not None
    assert (failure.problem, failure.system, failure.tries) == ("Refused", "shop", 1)
    assert (failure.status, failure.said) == (409, SAID)


async def test_others_read_the_status_alone(desk: Desk, remote: Remote) -> None:
    _, task = await failed(desk, remote, 409, ANSWER)
    failure = await shown(desk, "rita", task)
    assert failure is not None
    assert (failure.status, failure.said) == (409, None)


async def test_nothing_secret_is_stored(desk: Desk, remote: Remote) -> None:
    number, _ = await failed(desk, remote, 409, ANSWER)
    [entry] = await desk.rows(effect, effect.c.number == number)
    [text] = await desk.rows(text_body, text_body.c.ref == entry.outputs)
    assert text.body == {"status": 409, "said": SAID}


async def test_the_last_answer_takes_the_place_of_those_before(desk: Desk, remote: Remote) -> None:
    number, errand = await bought(desk)
    for status, problem in ((503, "Unavailable"), (500, "OutcomeUnknown"), (422, "OutcomeUnknown")):
        remote.answers = [reply(status, f"attempt with {status}".encode())]
        assert await attempt(desk, number, errand) == problem
    async with desk.engine.connect() as connection:
        written = select(text_body.c.body).where(text_body.c.number == number)
        bodies = list(await connection.scalars(written.where(text_body.c.author == "service")))
    assert bodies == [{"status": 422, "said": "attempt with 422"}]


async def test_what_could_not_be_taken_back_says_so_too(desk: Desk, remote: Remote) -> None:
    number = await delivered(desk, remote, "bought")
    [errand] = (await desk.cancel(number)).agenda.errands
    await desk.report(number, errand.key, OutcomeKind.FAILED, await attempt(desk, number, errand.key))
    task = await desk.task(number, "one")
    assert task.purpose is TaskPurpose.UNDO
    failure = await shown(desk, "ingo", task.number)
    assert failure is not None
    assert (failure.problem, failure.status, failure.said) == ("Refused", 409, SAID)


async def revoking(desk: Desk, remote: Remote) -> tuple[GrantActivities, str, Errand]:
    """What was lent, and how it is taken back."""
    grant = (await desk.line(await delivered(desk, remote, "lent"))).steps["one"].grant
    assert grant is not None
    grants = GrantActivities(Transitions(GRANTS, desk.engine, desk.waker))
    await grants.open_grant(desk.tick(grant, "open"))
    answer = await grants.record_revocation(desk.write(grant, Revoke(assertion=unsigned()), "rita"))
    [errand] = answer.agenda.errands
    return grants, grant, errand


async def test_so_does_a_grant_that_could_not_be_revoked(desk: Desk, remote: Remote) -> None:
    grants, grant, errand = await revoking(desk, remote)
    outcome = ErrandOutcome(kind=OutcomeKind.FAILED, problem=await attempt(desk, grant, errand.key))
    tick = desk.tick(grant, f"outcome:{errand.key}", errand=errand.key, outcome=outcome)
    await grants.record_revocation_outcome(tick)
    [task] = await desk.rows(task_table, task_table.c.owner == grant)
    failure = await shown(desk, "ingo", task.number)
    assert failure is not None
    assert (failure.problem, failure.status, failure.said) == ("Refused", 409, SAID)


async def test_a_new_attempt_begins_without_an_answer(desk: Desk, remote: Remote) -> None:
    number, task = await failed(desk, remote, 409, ANSWER)
    await desk.act(number, task, TaskAction.RETRY)
    assert await shown(desk, "ingo", task) is None
    [errand] = (await desk.agenda(number)).agenda.errands
    await desk.report(number, errand.key, OutcomeKind.FAILED, "TimedOut")
    failure = await shown(desk, "ingo", (await desk.task(number, "one")).number)
    assert failure == FailureView(problem="TimedOut")


async def test_a_success_that_the_other_system_never_answered_is_not_believed(
    desk: Desk, remote: Remote
) -> None:
    """Whoever reaches Temporal can complete the activity of a step, or of a revocation, by hand."""
    remote.answers = [reply(503)]
    number, errand = await bought(desk)
    assert await attempt(desk, number, errand) == "Unavailable"
    await desk.report(number, errand, OutcomeKind.DONE)
    run = (await desk.line(number)).steps["one"]
    assert (run.problem, (await desk.task(number, "one")).purpose) == ("OutcomeUnknown", TaskPurpose.DECIDE)
    grants, grant, undo = await revoking(desk, remote)
    await attempt(desk, grant, undo.key)
    done = ErrandOutcome(kind=OutcomeKind.DONE)
    await grants.record_revocation_outcome(
        desk.tick(grant, f"outcome:{undo.key}", errand=undo.key, outcome=done)
    )
    assert len(await desk.rows(task_table, task_table.c.owner == grant)) == 1
    for forged in (number, grant):
        [event] = await desk.rows(security_event, security_event.c.number == forged)
        assert (event.kind, event.detail) == ("forged-update", "activity completed by hand")
