"""Days in the answers of an order: those that have passed, and the effective date that holds after it was moved."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

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
    if begins is not None:
        yield from begun(begins, today, f"/{item.effective_at}", may_backdate=may_backdate)


def begun(begins: date, today: date, pointer: str, *, may_backdate: bool) -> Iterator[Problem]:
    """The same of an effective date alone, wherever it is named."""
    if begins < today and not may_backdate:
        yield Problem(pointer, "must not be a day before today")


def present_answers(
    item: CatalogItem, answers: Mapping[str, Any], effective_at: datetime | None, zone: str
) -> dict[str, Any]:
    """The answers with the effective date that holds, where it was moved since the form was filled in; ``zone`` is
    that of the item's calendar.
    """
    field = item.effective_at
    if field is None or effective_at is None or field not in answers:
        return dict(answers)
    return {**answers, field: effective_at.astimezone(ZoneInfo(zone)).date().isoformat()}


def _day(value: object) -> date | None:
    """None for what is no date; the form says so itself."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
