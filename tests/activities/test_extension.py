"""An approved extension is complete when the grant has taken it; one that comes too late is said to be not done."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from steadydesk.contracts.agenda import ErrandKind, WaitingKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import RequestState
from steadydesk.contracts.request_commands import OutcomeKind
from steadydesk.contracts.survey import SurveyState
from steadydesk.policies.errands import errands_of, extending_line, extension_key
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.process import record
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.request_catalogue import POLICIES
from tests.support.request_desk import Desk, refused, request_desk
from tests.support.requests import automated, line, organisation, process

_GRANT = "GRA0000042"
_GIVEN = automated(grant={"entitlement": "Access", "until": {"from": "variables.until"}})
_ACCESS: dict[str, Any] = {
    "plan": {"steps": {"one": _GIVEN}},
    "survey": {"question": "How was it?", "reopen_window": "PT8H"},
}
_WHAT = organisation({"access": _ACCESS}, POLICIES)


@pytest.fixture(scope="module")
async def desk(postgres: EmbeddedPostgres) -> AsyncIterator[Desk]:
    async with request_desk(postgres, "extension", _WHAT) as ready:
        yield ready


async def extending(desk: Desk) -> tuple[str, str]:
    """An approved extension, and the errand by which its grant is told."""
    number = await desk.order("access", variables={"until": "2031-03-01"}, extends=_GRANT)
    (errand,) = (await desk.agenda(number)).agenda.errands
    assert errand.kind is ErrandKind.EXTEND_GRANT
    return number, errand.key


async def told(desk: Desk, number: str, event: str) -> list[Any]:
    return await desk.rows(outbox, outbox.c.number == number, outbox.c.event == event)


async def test_it_waits_for_the_grant_and_is_complete_with_its_word(desk: Desk) -> None:
    number, key = await extending(desk)
    [row] = await desk.rows(record, record.c.number == number)
    assert [(each["kind"], each["subject"]) for each in row.waiting] == [(WaitingKind.CHILD, _GRANT)]
    assert (await desk.line(number)).phase is Phase.FULFILMENT
    await desk.report(number, key, OutcomeKind.DONE)
    found = await desk.document(number)
    assert (found.lines[0].phase, found.state) == (Phase.COMPLETE, RequestState.CLOSED_COMPLETE)
    assert found.survey is SurveyState.WAITING
    assert len(await told(desk, number, "request.completed")) == 1


@pytest.mark.parametrize(
    ("kind", "problem", "because"),
    [
        (OutcomeKind.REFUSED, "Ended", "What it was to extend had ended before it was approved."),
        (OutcomeKind.DONE, "Ended", "What it was to extend had ended before it was approved."),
        (OutcomeKind.REFUSED, "NoDate", "The new end is no date."),
    ],
)
async def test_what_is_not_extended_is_closed_incomplete_and_its_requester_told(
    desk: Desk, kind: OutcomeKind, problem: str, because: str
) -> None:
    number, key = await extending(desk)
    answer = await desk.report(number, key, kind, problem)
    found = await desk.document(number)
    assert (found.lines[0].phase, found.state) == (Phase.INCOMPLETE, RequestState.CLOSED_INCOMPLETE)
    assert found.survey is SurveyState.NONE
    assert answer.agenda.closed
    [message] = await told(desk, number, "request.incomplete")
    assert f"p:{desk.ids['rita']}" in message.audience
    assert message.facts["because"]["en"].startswith(because)
    assert message.facts["because"]["de"]
    assert await told(desk, number, "request.completed") == []


async def test_it_is_not_cancelled_while_nobody_knows_whether_the_grant_has_taken_it(desk: Desk) -> None:
    number, key = await extending(desk)
    assert await refused(desk.cancel(number)) == "InvalidTransition"
    assert await refused(desk.give_back(number)) == "InvalidTransition"
    await desk.report(number, key, OutcomeKind.DONE)
    assert (await desk.line(number)).phase is Phase.COMPLETE


def test_only_a_line_that_is_approved_tells_its_grant() -> None:
    """Whoever reaches the task queue can ask for it."""
    for phase in Phase:
        of = line("access", extends=_GRANT, phase=phase)
        found = extending_line(process(of), extension_key(of))
        assert (found is not None) == (phase in (Phase.FULFILMENT, Phase.PENDING, Phase.COMPLETE)), phase


def test_one_that_was_complete_before_its_grant_was_told_still_tells_it() -> None:
    """As orders closed before they waited."""
    of = line("access", extends=_GRANT, phase=Phase.COMPLETE)
    assert [each.key for each in errands_of(process(of), _WHAT)] == [extension_key(of)]
