"""Days that an order may not name: an end that would be over at once, a beginning of before today."""

from datetime import date

import pytest

from steadydesk.contracts.catalog import CatalogItem
from steadydesk.policies.order_dates import end_fields, passed
from tests.support.demo_organisation import demo

TODAY = date(2026, 11, 23)


def item(key: str) -> CatalogItem:
    found = demo().organisation
    assert found is not None
    return found.catalog[key]


def wrong(key: str, *, may_backdate: bool = False, **answers: object) -> list[str]:
    return [problem.pointer for problem in passed(item(key), answers, TODAY, may_backdate=may_backdate)]


def test_the_field_of_the_end_is_the_one_that_the_grant_reads() -> None:
    assert end_fields(item("application-access")) == ["until"]
    assert end_fields(item("new-laptop")) == []


@pytest.mark.parametrize(
    ("until", "pointers"),
    [
        ("2020-03-31", ["/until"]),
        ("2026-11-23", ["/until"]),
        ("2026-11-24", []),
        ("soon", []),
        (None, []),
        (7, []),
    ],
)
def test_a_grant_ends_after_today(until: object, pointers: list[str]) -> None:
    assert wrong("application-access", until=until) == pointers


@pytest.mark.parametrize(
    ("day", "pointers"), [("2020-01-01", ["/last_day"]), ("2026-11-22", ["/last_day"]), ("2026-11-23", [])]
)
def test_what_takes_effect_begins_today_or_later(day: str, pointers: list[str]) -> None:
    assert wrong("leaver", last_day=day) == pointers
    assert wrong("leaver", last_day=day, may_backdate=True) == []
