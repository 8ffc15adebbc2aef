"""Rules on sensitive fields: they reach only the steps that say they need them."""

from collections.abc import Iterator

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Path, Severity, did_you_mean
from steadydesk.configuration.rules.registry import Finding, rule
from steadydesk.configuration.scopes import rule_places, value_places
from steadydesk.contracts.form import Form
from steadydesk.policies.expression import ExpressionRefusedError, names
from steadydesk.policies.form import sensitive


@rule("C603", Severity.ERROR, "A sensitive field that goes where it was not declared")
def leaking_fields(inspection: Inspection) -> Iterator[Finding]:
    """A step that needs a sensitive field says so in 'shows'; rules that decide read none at all."""
    for place in value_places(inspection):
        item = inspection.organisation.catalog[str(place.path[1])]
        step = item.plan.steps[str(place.path[4])]
        for name in _read(place.value.path, place.value.cel) & _paths(item.form):
            if name.removeprefix("variables.") not in step.shows:
                message = f"'{name}' is sensitive; list it in the step's 'shows' if the step needs it"
                yield Finding(place.path, message)
    for place in rule_places(inspection):
        for name in _read(None, place.source) & _sensitive_at(inspection, place.path):
            yield Finding(place.path, f"'{name}' is sensitive; a rule must not read it")


@rule("C604", Severity.ERROR, "A step that shows a field which is not there, or not sensitive")
def unknown_shows(inspection: Inspection) -> Iterator[Finding]:
    """'shows' lists the sensitive fields that the step needs; all others it sees anyway."""
    for path, item, step in inspection.steps():
        for position, name in enumerate(step.shows):
            if name not in sensitive(item.form):
                hint = did_you_mean(name, sensitive(item.form), "sensitive are")
                where = (*path, "shows", position)
                yield Finding(where, f"the form has no sensitive field '{name}'{hint}")


def _sensitive_at(inspection: Inspection, path: Path) -> set[str]:
    if path[0] == "catalog":
        return _paths(inspection.organisation.catalog[str(path[1])].form)
    return set().union(*(_paths(item.form) for _, item in inspection.items_under(str(path[1]))))


def _paths(form: Form) -> set[str]:
    return {f"variables.{name}" for name in sensitive(form)}


def _read(path: str | None, cel: str | None) -> set[str]:
    if cel is None:
        return set() if path is None else {path}
    try:
        return set(names(cel))
    except ExpressionRefusedError:
        return set()
