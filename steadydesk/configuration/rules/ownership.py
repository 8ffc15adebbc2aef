"""Rules on accountability and languages; that owner and review date are given, the models demand."""

from collections.abc import Iterator
from datetime import date

from pydantic import BaseModel

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Path, Severity
from steadydesk.configuration.rules.registry import Finding, rule
from steadydesk.configuration.shape import is_localised
from steadydesk.policies.ownership import OWNED


@rule("C801", Severity.WARNING, "A review date that has passed")
def overdue_reviews(inspection: Inspection) -> Iterator[Finding]:
    """The owner confirms that the entry is still right, and sets the next date."""
    for section in OWNED:
        entries: dict[str, BaseModel] = getattr(inspection.organisation, section)
        for key, entry in entries.items():
            review_by: date = getattr(entry, "review_by")  # noqa: B009 - the sections share no base class
            if review_by < inspection.today:
                owner = getattr(entry, "owner")  # noqa: B009
                yield Finding((section, key, "review_by"), f"'{owner}' had to review this by {review_by}")


@rule("C806", Severity.WARNING, "A function that nobody owns the processes of", at_key=True)
def unowned_functions(inspection: Inspection) -> Iterator[Finding]:
    """Give somebody the role process_owner@<function> in the directory: the last to decide, and told first."""
    if inspection.directory is None:
        return
    for key in inspection.organisation.functions:
        if key not in inspection.directory.owned:
            yield Finding(("functions", key), f"nobody in the directory has the role process_owner@{key}")


@rule("C802", Severity.WARNING, "A text that lacks a language")
def missing_languages(inspection: Inspection) -> Iterator[Finding]:
    """Readers of that language see another one."""
    languages = inspection.organisation.organisation.languages
    if len(languages) < 2:
        return
    for path, text in _texts_of(inspection):
        present = {languages[0]} if isinstance(text, str) else text.keys()
        missing = [language for language in languages if language not in present]
        if missing:
            yield Finding(path, f"the text lacks {', '.join(missing)}")


@rule("C803", Severity.ERROR, "A language that the organisation does not speak", at_key=True)
def foreign_languages(inspection: Inspection) -> Iterator[Finding]:
    """A misspelt tag would be a text that nobody ever sees."""
    languages = inspection.organisation.organisation.languages
    for path, text in _texts_of(inspection):
        for tag in text if isinstance(text, dict) else ():
            if tag not in languages:
                known = ", ".join(languages)
                yield Finding((*path, tag), f"'{tag}' is none of the organisation's languages: {known}")


def _texts_of(inspection: Inspection) -> Iterator[tuple[Path, str | dict[str, str]]]:
    """Those of the organisation, and what its connectors say to people."""
    yield from _texts(inspection.organisation, ())
    for path, configuration in inspection.connector_configurations():
        yield from _texts(configuration, path)


def _texts(value: object, path: Path) -> Iterator[tuple[Path, str | dict[str, str]]]:
    """Every text of the organisation that may be given in several languages."""
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            inner = getattr(value, name)
            where = (*path, info.alias or name)
            if inner is not None and is_localised(info):
                yield where, inner
            else:
                yield from _texts(inner, where)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _texts(inner, (*path, position))
