"""The answers to an item's or task's form, between a page's fields and the values that processes keep."""

import re
from collections.abc import Mapping
from typing import Any

from api.portal.forms import Posted
from api.portal.words import Words
from steadydesk.contracts.form import Condition, FieldKind, Form, FormField

PREFIX = "v"


def answers_in(form: Form, posted: Posted, words: Words, prefix: str = PREFIX) -> dict[str, Any]:
    """What was typed into the fields ``<prefix>.<key>``, as values of their kinds, numbers as the language of the
    ``words`` writes them; fields that the other answers hide are left out, as are empty ones. Whether they fit the
    form is checked where the command is made.
    """
    answers: dict[str, Any] = {}
    for key, field in form.fields.items():
        if field.visible_when is not None and not holds(field.visible_when, answers):
            continue
        value = _value(field, posted, words, f"{prefix}.{key}")
        if value is not None:
            answers[key] = value
    return answers


def holds(condition: Condition, answers: Mapping[str, Any]) -> bool:
    """Whether the answers show or demand the field."""
    given = answers.get(condition.field)
    if isinstance(given, list):
        return any(value in condition.values for value in given)
    return given in condition.values


def shown_as(value: Any) -> str | list[str]:
    """A kept value as a field shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return [str(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _value(field: FormField, posted: Posted, words: Words, name: str) -> Any:
    match field.kind:
        case FieldKind.MULTI_CHOICE:
            return posted.all(name) or None
        case FieldKind.BOOLEAN:
            return posted.text(name) == "true"
        case FieldKind.NUMBER:
            return _number(posted.text(name), words("money.thousands"), words("money.point"))
        case FieldKind.PERSON if field.future_person and posted.has(f"{name}.name"):
            future = {"name": posted.text(f"{name}.name"), "email": posted.text(f"{name}.email")}
            return {part: typed for part, typed in future.items() if typed}
        case _:
            return posted.text(name)


def _number(typed: str | None, thousands: str, point: str) -> float | int | str | None:
    """The number that was typed; as it is where it is none, for the form to say so. What sets thousands apart in the
    language does so where it can; elsewhere a comma and a point both begin the decimals.
    """
    if typed is None:
        return None
    grouped = rf"[+-]?\d{{1,3}}({re.escape(thousands)}\d{{3}})+({re.escape(point)}\d*)?"
    plain = typed.replace(thousands, "") if re.fullmatch(grouped, typed) else typed
    try:
        number = float(plain.replace(",", "."))
    except ValueError:
        return typed
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
