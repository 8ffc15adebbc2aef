"""Rules on the values that steps hand on: that they exist, and fit where they go."""

from collections.abc import Iterator
from datetime import datetime

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Severity, did_you_mean
from steadydesk.configuration.rules.registry import Finding, rule
from steadydesk.configuration.scopes import value_places
from steadydesk.contracts.base import YEARS
from steadydesk.contracts.form import FieldKind
from steadydesk.contracts.plan import Step
from steadydesk.policies.expression import ExpressionRefusedError, asked
from steadydesk.policies.expression_types import Kind, Scope, Type
from steadydesk.policies.vocabulary import path_type

_MAY_BE_ABSENT = frozenset({"variables", "grant"})
"""A child request leaves out what it is not given; a grant without an end lasts until the person leaves."""


@rule("C602", Severity.ERROR, "A path that names nothing")
def unknown_paths(inspection: Inspection) -> Iterator[Finding]:
    """A step reads the order, its variables, and the outputs of steps that it needs, directly or not."""
    for place in value_places(inspection):
        path = place.value.path
        if path is None:
            continue
        found = path_type(place.scope, path)
        if found is None:
            hint = did_you_mean(path, known_paths(place.scope))
            yield Finding((*place.path, "from"), f"'{path}' names nothing that this step may read{hint}")
        elif place.wanted and found.kind not in (*place.wanted, Kind.ANY):
            yield Finding((*place.path, "from"), f"'{path}' is no date or instant, but {found.kind}")


@rule("C607", Severity.ERROR, "An end that is no date")
def undated_ends(inspection: Inspection) -> Iterator[Finding]:
    """What ends, begins or waits by a value needs a date or an instant: a field of kind date, or one in ISO 8601."""
    for place in value_places(inspection):
        if not place.wanted:
            continue
        item = inspection.organisation.catalog[str(place.path[1])]
        path, literal = place.value.path, place.value.value
        field = item.form.fields.get(path.removeprefix("variables.")) if path is not None else None
        if field is not None and field.kind is not FieldKind.DATE:
            message = f"'{path}' is of kind {field.kind}; a field of kind date is needed"
            yield Finding((*place.path, "from"), message)
        elif literal is not None and not _is_dated(literal):
            message = "a date such as 2027-03-31 is expected, or an instant such as 2027-03-31T08:00:00Z"
            yield Finding((*place.path, "value"), message)


def _is_dated(literal: object) -> bool:
    try:
        return datetime.fromisoformat(literal if isinstance(literal, str) else "").year in YEARS
    except ValueError:
        return False


@rule("C606", Severity.ERROR, "A value that may be absent where one is needed")
def absent_values(inspection: Inspection) -> Iterator[Finding]:
    """The step would fail without it: make the field required, or give the step 'when: has(…)'."""
    for place in value_places(inspection):
        path = place.value.path
        if path not in place.optional or place.path[5] in _MAY_BE_ABSENT:
            continue
        step = inspection.organisation.catalog[str(place.path[1])].plan.steps[str(place.path[4])]
        if path not in _asked_first(step):
            yield Finding(
                (*place.path, "from"), f"'{path}' may be absent; ask has({path}) in the step's 'when'"
            )


def _asked_first(step: Step) -> frozenset[str]:
    try:
        return frozenset() if step.when is None else asked(step.when)
    except ExpressionRefusedError:
        return frozenset()


@rule("C605", Severity.ERROR, "A request step that does not fit the form it fills")
def misfilled_forms(inspection: Inspection) -> Iterator[Finding]:
    """The child request would be refused when its time comes."""
    for path, _, step in inspection.steps():
        item = inspection.organisation.catalog.get(step.item or "")
        if item is None:
            continue
        fields = item.form.fields
        for name in step.variables:
            if name not in fields:
                message = f"'{step.item}' has no field '{name}'{did_you_mean(name, fields, 'its fields are')}"
                yield Finding((*path, "variables", name), message)
        for name, field in fields.items():
            if field.required and field.visible_when is None and name not in step.variables:
                yield Finding((*path, "item"), f"'{step.item}' needs the variable '{name}'")


def known_paths(scope: Scope, before: str = "") -> Iterator[str]:
    """The dotted paths of single values in a scope."""
    for name, declared in scope.items():
        yield from _paths(f"{before}{name}", declared)


def _paths(path: str, declared: Type) -> Iterator[str]:
    if declared.fields is None:
        yield path
    else:
        yield from known_paths(declared.fields, f"{path}.")
