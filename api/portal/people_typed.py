"""People as somebody types them: by the full name that the picker shows, too, where only one person has it."""

from collections.abc import Mapping
from typing import Any

from api.portal.page import Page
from steadydesk.contracts.form import FieldKind, Form
from steadydesk.errors import InvalidInput, Problem
from steadydesk.records.engine import Connection
from steadydesk.records.views.pickers import people_called

SEVERAL = "several people have this name; choose one of them"


async def person_typed(page: Page, typed: str | None, pointer: str) -> str | None:
    """The user name; what was typed where it is no full name. InvalidInput where several people have it."""
    if typed is None or not _may_be_name(typed):
        return typed
    async with page.services.engine.connect() as connection:
        found, problems = await _user_names(connection, {pointer: typed})
    if problems:
        raise InvalidInput(SEVERAL, problems=problems)
    return found.get(pointer, typed)


async def with_people(
    connection: Connection, form: Form, answers: Mapping[str, Any], at: str
) -> tuple[dict[str, Any], list[Problem]]:
    """The answers with user names in the fields for people, and what is unclear; ``at`` is where they are."""
    typed = {
        key: value
        for key, field in form.fields.items()
        if field.kind is FieldKind.PERSON
        and isinstance(value := answers.get(key), str)
        and _may_be_name(value)
    }
    if not typed:
        return dict(answers), []
    found, problems = await _user_names(connection, typed)
    return {**answers, **found}, [Problem(f"{at}/{each.pointer}", each.message) for each in problems]


async def answers_with_people(page: Page, form: Form, answers: Mapping[str, Any], at: str) -> dict[str, Any]:
    """The same; InvalidInput for what is unclear."""
    async with page.services.engine.connect() as connection:
        found, problems = await with_people(connection, form, answers, at)
    if problems:
        raise InvalidInput(SEVERAL, problems=problems)
    return found


async def _user_names(
    connection: Connection, typed: Mapping[str, str]
) -> tuple[dict[str, str], list[Problem]]:
    called = await people_called(connection, typed.values())
    found = {key: called.get(name.lower(), []) for key, name in typed.items()}
    return (
        {key: names[0] for key, names in found.items() if len(names) == 1},
        [Problem(key, SEVERAL) for key, names in found.items() if len(names) > 1],
    )


def _may_be_name(typed: str) -> bool:
    """User names have no spaces."""
    return " " in typed
