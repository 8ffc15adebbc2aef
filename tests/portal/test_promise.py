"""What is said about when a request will be ready, beside what it waits for."""

from datetime import UTC, datetime, timedelta

import pytest

from api.portal.promise import prospect
from steadydesk.contracts.agenda import Waiting, WaitingKind
from steadydesk.contracts.views import PersonRef, RecordView

AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
SOMEBODY = PersonRef(id="p_1", name="Somebody")


def view(
    phase: str, *waits: tuple[WaitingKind, datetime | None], expected_at: datetime | None = AT
) -> RecordView:
    return RecordView(
        number="REQ0000001", kind="REQ", owner="REQ0000001", short_description="Laptop", state="open",
        phase=phase, open=True, opened_by=SOMEBODY, caller=SOMEBODY, priority=3, expected_at=expected_at,
        late=False, restricted=False, opened_at=AT, updated_at=AT, version=1,
        waiting=[
            Waiting(kind=kind, subject="x", what="it", whom="them", since=AT, until=until, then="on")
            for kind, until in waits
        ],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "after", "promised", "later"),
    [
        (WaitingKind.APPROVAL, timedelta(days=-1), True, False),
        (WaitingKind.APPROVAL, timedelta(days=1), True, True),
        (WaitingKind.RESUBMISSION, timedelta(days=7), True, True),
        (WaitingKind.DECISION, timedelta(hours=14), True, True),
        (WaitingKind.TASK, timedelta(0), False, False),
        (WaitingKind.TASK, timedelta(minutes=3), False, False),
        (WaitingKind.TASK, timedelta(hours=1), True, True),
        (WaitingKind.CONNECTOR, None, False, False),
    ],
)
def test_what_waits_for_people_is_promised_and_later_where_the_wait_lasts_longer(
    kind: WaitingKind, after: timedelta | None, promised: bool, later: bool
) -> None:
    until = AT + after if after is not None else None
    seen = prospect(view("approval", (kind, until), (WaitingKind.TASK, AT - timedelta(days=2))))
    assert seen is not None
    assert (seen.at, seen.promised) == (AT, promised)
    assert seen.later == (until if later else None)


def test_nothing_is_promised_of_what_is_taken_back_or_was_never_promised() -> None:
    assert prospect(view("undoing")) is None
    assert prospect(view("fulfilment", expected_at=None)) is None
    assert prospect(view("approval").model_copy(update={"open": False})) is None
