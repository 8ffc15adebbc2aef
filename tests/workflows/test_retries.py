"""How an errand is tried again: as its step says, and never so that its process would stand still."""

from datetime import timedelta

import pytest
from temporalio.api.common.v1 import RetryPolicy

from steadydesk.contracts.agenda import Errand, ErrandKind
from workflows.parts.task_plan import retries_of


@pytest.mark.parametrize(("first", "longest", "wanted"), [(1, 60, 60), (300, 60, 300), (1, 0.5, 1)])
def test_a_first_pause_above_the_longest_is_no_failure_of_the_workflow(
    first: float, longest: float, wanted: float
) -> None:
    errand = Errand(
        key="REQ0000001:x:1",
        kind=ErrandKind.PERFORM,
        summary="x",
        first_retry_seconds=first,
        longest_retry_seconds=longest,
    )
    sent = RetryPolicy()
    retries_of(errand).apply_to_proto(sent)  # As the SDK does, which refuses what cannot be.
    assert sent.initial_interval.ToTimedelta() == timedelta(seconds=first)
    assert sent.maximum_interval.ToTimedelta() == timedelta(seconds=wanted)
