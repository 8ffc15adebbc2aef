"""Days in the answers of an order that have passed: an end that would be over at once, a beginning of before today."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from steadydesk.contracts.catalog import CatalogItem
from steadydesk.errors import Problem

_OF_FORM = "variables."


def end_fields(item: CatalogItem) -> list[str]:
    """The fields of the form that hold the end of what the item grants."""
    ends = (step.grant.until for step in item.plan.steps.values() if step.grant and step.grant.until)
    paths = (end.path or "" for end in ends)
    return list(dict.fromkeys(path.removeprefix(_OF_FORM) for path in paths if path.startswith(_OF_FORM)))


def passed(
    item: CatalogItem, answers: Mapping[str, Any], today: date, *, may_backdate: bool
) -> Iterator[Problem]:
    """With pointers into the answers. ``today`` is that of the item's calendar; who carries the item out may say
    ``may_backdate``, and enter what began before they heard of it.
    """
    for field in end_fields(item):
        if (day := _day(answers.get(field))) is not None and day <= today:
            yield Problem(f"/{field}", "must be a day after today")
    begins = _day(answers.get(item.effective_at or ""))
    if begins is not None and begins < today and not may_backdate:
        yield Problem(f"/{item.effective_at}", "must not be a day before today")


def _day(value: object) -> date | None:
    """None for what is no date; the form says so itself."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
