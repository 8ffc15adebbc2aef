"""Rules on forms: of items and of tasks."""

import re
from collections.abc import Iterator, Mapping

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Path, Severity, did_you_mean
from steadydesk.configuration.rules.plans import first_cycle
from steadydesk.configuration.rules.registry import Finding, rule
from steadydesk.contracts.form import Condition, FieldKind, Form, FormField
from steadydesk.policies.form import check, usable

_TEXTS = frozenset({FieldKind.TEXT, FieldKind.LONG_TEXT})
_NUMBERS = frozenset({FieldKind.NUMBER})
_OF_KIND: Mapping[str, frozenset[FieldKind]] = {
    "minimum": _NUMBERS,
    "maximum": _NUMBERS,
    "pattern": _TEXTS,
    "max_length": _TEXTS,
    "future_person": frozenset({FieldKind.PERSON}),
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def forms(inspection: Inspection) -> Iterator[tuple[Path, Form]]:
    """Every form with its place: those of items and those of manual steps."""
    for path, item in inspection.items():
        yield (*path, "form"), item.form
    for path, _, step in inspection.steps():
        if step.form is not None:
            yield (*path, "form"), step.form


def _conditions(form: Form) -> Iterator[tuple[Path, Condition]]:
    for key, field in form.fields.items():
        for name, condition in (("required_when", field.required_when), ("visible_when", field.visible_when)):
            if condition is not None:
                yield ("fields", key, name), condition


@rule("C501", Severity.ERROR, "An example that does not satisfy the form")
def bad_examples(inspection: Inspection) -> Iterator[Finding]:
    """The example stands in the API and the docs, and a test orders it."""
    for path, item in inspection.items():
        if usable(item.form) is not None:
            continue
        for problem in check(item.form, item.example):
            parts = [part.replace("~1", "/").replace("~0", "~") for part in problem.pointer.split("/")[1:]]
            where = [int(part) if part.isdecimal() else part for part in parts]
            yield Finding((*path, "example", *where), f"'{'.'.join(parts)}' {problem.message}")


@rule("C502", Severity.ERROR, "A condition on a field that does not exist, or that can never hold")
def bad_conditions(inspection: Inspection) -> Iterator[Finding]:
    """The field would be hidden, or optional, for ever."""
    for path, form in forms(inspection):
        for where, condition in _conditions(form):
            asked = form.fields.get(condition.field)
            if asked is None:
                hint = did_you_mean(condition.field, form.fields)
                yield Finding((*path, *where, "field"), f"there is no field '{condition.field}'{hint}")
                continue
            for position, value in enumerate(condition.values):
                if not _can_be(asked, value):
                    message = f"'{condition.field}' can never be {value!r}"
                    yield Finding((*path, *where, "values", position), message)


@rule("C503", Severity.ERROR, "Fields that are shown only when each other is")
def hidden_circles(inspection: Inspection) -> Iterator[Finding]:
    """None of them could ever be shown."""
    for path, form in forms(inspection):
        graph = {
            key: {field.visible_when.field}
            for key, field in form.fields.items()
            if field.visible_when is not None
        }
        cycle = first_cycle(graph)
        if cycle is not None:
            where = (*path, "fields", cycle[0], "visible_when")
            yield Finding(where, f"these fields wait for each other: {' → '.join(cycle)}")


@rule("C504", Severity.ERROR, "A form that cannot be checked")
def unusable_forms(inspection: Inspection) -> Iterator[Finding]:
    """A pattern must be a regular expression without look-around and back-references, so that it is fast."""
    for path, form in forms(inspection):
        for key, field in form.fields.items():
            if field.pattern is not None and usable(Form(fields={key: field.model_copy(update=_ALONE)})):
                message = f"'{field.pattern}' is no regular expression that can be checked fast"
                yield Finding((*path, "fields", key, "pattern"), message)


@rule("C505", Severity.ERROR, "A number field whose limits exclude each other")
def impossible_limits(inspection: Inspection) -> Iterator[Finding]:
    """No answer could satisfy it."""
    for path, form in forms(inspection):
        for key, field in form.fields.items():
            if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
                message = f"the minimum {field.minimum:.15g} is above the maximum {field.maximum:.15g}"
                yield Finding((*path, "fields", key, "minimum"), message)


@rule("C509", Severity.WARNING, "A pattern without help that says which form it expects")
def unexplained_patterns(inspection: Inspection) -> Iterator[Finding]:
    """People would be told that their answer has not the expected form, and not which one that is."""
    for path, form in forms(inspection):
        for key, field in form.fields.items():
            if field.pattern is not None and field.help is None:
                yield Finding(
                    (*path, "fields", key, "pattern"), f"'{key}' has a pattern; say in 'help' what it takes"
                )


@rule("C510", Severity.ERROR, "A key of a field that its kind does not use", at_key=True)
def idle_keys(inspection: Inspection) -> Iterator[Finding]:
    """It does nothing, while whoever wrote it counts on it."""
    for path, form in forms(inspection):
        for key, field in form.fields.items():
            for name in sorted(field.model_fields_set & _OF_KIND.keys()):
                if field.kind not in _OF_KIND[name]:
                    kinds = " or ".join(sorted(_OF_KIND[name]))
                    message = f"'{name}' is for fields of kind {kinds}, not '{field.kind}'"
                    yield Finding((*path, "fields", key, name), message)


@rule("C511", Severity.ERROR, "A field that no rule can name", at_key=True)
def unnameable_fields(inspection: Inspection) -> Iterator[Finding]:
    """Rules and steps read it as variables.<key>."""
    for path, form in forms(inspection):
        for key in form.fields:
            if _NAME.fullmatch(key) is None:
                message = (
                    f"'{key}' cannot be a field; use letters without accents, digits and _, not first a digit"
                )
                yield Finding((*path, "fields", key), message)


@rule("C512", Severity.ERROR, "A choice that stands twice")
def repeated_choices(inspection: Inspection) -> Iterator[Finding]:
    """An answer could not tell which of them is meant, and would be refused."""
    for path, form in forms(inspection):
        for key, field in form.fields.items():
            values = [choice.value for choice in field.choices]
            for position, value in enumerate(values):
                if value in values[:position]:
                    where = (*path, "fields", key, "choices", position, "value")
                    yield Finding(where, f"the choice '{value}' stands twice")


_ALONE = {"visible_when": None, "required_when": None}


def _can_be(field: FormField, value: object) -> bool:
    match field.kind:
        case FieldKind.CHOICE | FieldKind.MULTI_CHOICE:
            return value in [choice.value for choice in field.choices]
        case FieldKind.BOOLEAN:
            return isinstance(value, bool)
        case FieldKind.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return isinstance(value, str)
