"""What a workflow is told after each write: errands, the next alarm, what to stop, and words for operators."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from steadydesk.contracts.agenda import Agenda, ErrandKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import RequestState, StepRun, StepState, UndoState
from steadydesk.contracts.survey import SurveyState
from steadydesk.policies.agenda import agenda_of
from steadydesk.policies.errands import perform_key, undo_key
from tests.support.random_plans import plans
from tests.support.request_player import Player, player
from tests.support.requests import NOW, automated, resolved, stage

CHILD: dict[str, Any] = {"kind": "request", "label": "Request", "item": "item"}


def agenda(played: Player) -> Agenda:
    return agenda_of(played.process, played.organisation, resolved(played.organisation).calendars, played.now)


def test_an_errand_has_the_time_and_retries_of_its_step() -> None:
    retry = {"attempts": 7, "first": "PT2S", "longest": "PT30S"}
    played = player({"one": automated(timeout="PT5M", retry=retry)})
    played.rest()
    [errand] = agenda(played).errands
    assert (errand.key, errand.kind) == ("RITM0000001:one:1", ErrandKind.PERFORM)
    assert (errand.timeout_seconds, errand.attempts) == (300, 7)
    assert (errand.first_retry_seconds, errand.longest_retry_seconds) == (2, 30)


@pytest.mark.parametrize(
    ("step", "run", "kind"),
    [
        (automated(), StepRun(state=StepState.RUNNING), ErrandKind.PERFORM),
        (automated(), StepRun(state=StepState.DONE, undo=UndoState.RUNNING), ErrandKind.UNDO),
        (CHILD, StepRun(state=StepState.RUNNING, child="REQ2"), ErrandKind.OPEN_CHILD),
        (CHILD, StepRun(state=StepState.DONE, child="REQ2", undo=UndoState.RUNNING), ErrandKind.CANCEL_CHILD),
    ],
)
def test_which_errand_a_state_asks_for(step: dict[str, Any], run: StepRun, kind: ErrandKind) -> None:
    played = player({"one": step})
    played.process.lines[0].phase = Phase.UNDOING if run.undo else Phase.FULFILMENT
    played.process.lines[0].steps = {"one": run}
    [errand] = agenda(played).errands
    of = played.process.lines[0]
    assert errand.kind is kind
    assert errand.key == (undo_key(of, "one") if run.undo else perform_key(of, "one"))


def test_a_grant_is_handed_over_when_its_line_is_complete() -> None:
    played = player({"one": automated()})
    of = played.process.lines[0]
    of.steps = {"one": StepRun(state=StepState.DONE, grant="GRA1", order=1)}
    of.phase = Phase.FULFILMENT
    assert agenda(played).errands == []
    played.rest()
    assert [errand.kind for errand in agenda(played).errands] == [ErrandKind.START_GRANT]
    assert not agenda(played).closed
    of.steps["one"].grant_handed_over = True
    assert agenda(played).closed


def test_a_child_tells_its_parent_before_it_ends() -> None:
    played = player({})
    played.process.parent = "REQ0000009"
    played.rest()
    assert [errand.kind for errand in agenda(played).errands] == [ErrandKind.TELL]
    assert not agenda(played).closed
    played.process.parent_told = True
    assert agenda(played).closed


def test_errands_of_a_line_that_is_taken_back_are_stopped() -> None:
    played = player({"one": automated()})
    played.rest()
    assert agenda(played).stopped == []
    played.cancel()
    assert agenda(played).stopped == ["RITM0000001:one:1"]


def test_an_alarm_is_never_past_so_that_nothing_spins() -> None:
    played = player({}, stages={"first": stage()})
    played.rest()
    first = agenda(played)
    assert first.alarm is not None
    assert first.alarm.at == NOW + timedelta(hours=12)
    played.now = NOW + timedelta(days=300)
    late = agenda(played)
    assert late.alarm is not None
    assert late.alarm.at == played.now + timedelta(minutes=1)


def test_the_words_say_what_is_waited_for_and_name_nobody() -> None:
    played = player({}, stages={"first": stage(label={"en": "Supervisor"})})
    played.rest()
    found = agenda(played)
    assert "waits for the approval 'Supervisor' (group board) since 2026-03-02 09:00 UTC" in found.details
    assert "until 2026-03-03 01:00 UTC, then it counts as refused" in found.details
    assert "p_" not in found.details
    assert found.facets.waiting_for == "approval"
    assert found.facets.state == RequestState.OPEN.value
    assert found.facets.assignment_group == "board"


def test_the_waits_of_several_lines_say_which_they_are_of() -> None:
    played = player({}, stages={"first": stage()})
    first = played.process.lines[0]
    played.process.lines.append(first.model_copy(deep=True, update={"number": "RITM0000002"}))
    played.rest()
    head, empty, *rows = agenda(played).details.splitlines()
    assert (head, empty) == ("**REQ0000001**: open", ""), "markdown takes rows for a list after an empty line"
    assert [row.partition(": waits for the approval")[0] for row in rows] == [
        "- REQ0000001-G1",
        "- REQ0000001-G2",
    ]


def test_the_words_of_a_restricted_request_name_neither_step_nor_approval() -> None:
    played = player({}, stages={"first": stage(label={"en": "Supervisor"})})
    key = played.process.lines[0].item
    served = played.organisation.catalog[key].model_copy(update={"service": "mediation"})
    played.organisation.catalog[key] = served
    assert agenda(played).facets.service == "mediation"
    played.process.restricted_to = ["confidants"]
    played.rest()
    details = agenda(played).details
    assert agenda(played).facets.service is None
    assert "- waits for approval (group board) since 2026-03-02 09:00 UTC until" in details
    assert "Supervisor" not in details


def test_a_closed_request_says_so() -> None:
    played = player({})
    played.rest()
    found = agenda(played)
    assert found.closed
    assert found.alarm is None
    assert "closed 2026-03-02 09:00 UTC" in found.details
    played.process.survey, played.process.survey_at = SurveyState.SENT, NOW
    assert not agenda(played).closed


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plans(), st.integers(0, 12), st.data())
def test_a_process_that_is_not_closed_has_somebody_or_something_to_move_it(
    steps: dict[str, dict[str, Any]], moment: int, data: st.DataObject
) -> None:
    """Errands are named once each, and what is neither errand nor alarm is a person's."""
    played = player(steps, stages={"first": stage()})
    played.rest()
    for count in range(20):
        found = agenda(played)
        keys = [errand.key for errand in found.errands]
        assert len(keys) == len(set(keys))
        assert set(found.stopped) <= set(keys)
        if found.closed:
            assert not keys
            return
        assert found.facets.waiting_for is not None
        assert found.alarm is not None
        assert found.alarm.at > played.now
        if count == moment:
            played.cancel()
        else:
            data.draw(st.sampled_from(list(played.events())), label="event")[1]()
        played.rest()
