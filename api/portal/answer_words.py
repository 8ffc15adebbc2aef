"""The answers to a form as people read them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from markupsafe import Markup

from api.portal.page import Page
from steadydesk.contracts.form import FieldKind, Form, FormField
from steadydesk.contracts.language import in_language


class Named(Protocol):
    """Names of people by user name and labels of groups by key; what is unknown keeps its own."""

    def person(self, named: str, /) -> str: ...

    def group(self, key: str, /) -> str: ...


@dataclass(frozen=True)
class Answered:
    """``sensitive``: it was given, and is kept back."""

    key: str
    label: str
    words: str
    sensitive: bool


def answers_in_words(
    page: Page, form: Form, variables: Mapping[str, Any], names: Named, *, revealed: bool = False
) -> Iterator[Answered]:
    """Each answer with its label, in the order of the form, as every page shows it; a sensitive one without its value,
    unless it is ``revealed``.
    """
    for key, field in form.fields.items():
        if key in variables:
            kept_back = field.sensitive and not revealed
            words = "" if kept_back else _words(page, field, variables[key], names)
            yield Answered(key, in_language(field.label, page.language), words, kept_back)


def mentioned(form: Form, variables: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """User names and group keys that the answers name."""
    named: dict[FieldKind, list[str]] = {FieldKind.PERSON: [], FieldKind.GROUP: []}
    for key, field in form.fields.items():
        if field.kind in named and isinstance(value := variables.get(key), str):
            named[field.kind].append(value)
    return named[FieldKind.PERSON], named[FieldKind.GROUP]


def _words(page: Page, field: FormField, value: Any, names: Named) -> str:
    if isinstance(value, bool):
        return page.words("portal.yes" if value else "portal.no")
    if isinstance(value, int | float):
        return page.formats.number(value, digits=0 if float(value).is_integer() else 2)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return Markup(", ").join(_one(page, field, str(each), names) for each in parts)


def _one(page: Page, field: FormField, value: str, names: Named) -> str:
    match field.kind:
        case FieldKind.PERSON:
            return names.person(value)
        case FieldKind.GROUP:
            return names.group(value)
        case FieldKind.DATE:
            return page.formats.day(date.fromisoformat(value))
        case _:
            return _choice(page, field, value)


def _choice(page: Page, field: FormField, value: str) -> str:
    labels = {choice.value: choice.label for choice in field.choices}
    return in_language(labels[value], page.language) if value in labels else value
