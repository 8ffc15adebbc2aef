"""Which values each rule and each step value may read, and where they stand."""

from collections.abc import Iterator
from typing import NamedTuple

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Path
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.form import Form
from steadydesk.contracts.plan import OnFailure, Plan, Step, StepKind, Value
from steadydesk.policies.expression_types import ANY, STRING, Kind, Scope, Type
from steadydesk.policies.vocabulary import (
    OPTIONAL,
    approval_scope,
    entitlement_scope,
    optional_paths,
    plan_scope,
    variables_type,
)

_DATE = (Kind.STRING, Kind.INSTANT)


class RulePlace(NamedTuple):
    """A CEL rule; ``optional`` are the paths of its scope that may be absent."""

    path: Path
    source: str
    scope: Scope
    wanted: tuple[Kind, ...]
    optional: frozenset[str]


class ValuePlace(NamedTuple):
    """A value that a step hands on; ``wanted`` as for rules, none: any."""

    path: Path
    value: Value
    scope: Scope
    wanted: tuple[Kind, ...]
    optional: frozenset[str]


def rule_places(inspection: Inspection) -> Iterator[RulePlace]:
    """Every rule that answers yes or no, once for each form that it may meet."""
    for path, item in inspection.items():
        if item.entitlement.rule is not None:
            where = (*path, "entitlement", "rule")
            yield RulePlace(where, item.entitlement.rule, entitlement_scope(), (Kind.BOOL,), OPTIONAL)
    for path, _, stage in inspection.stages():
        if stage.when is not None:
            forms = [item.form for _, item in inspection.items_under(str(path[1]))]
            for form in forms or [None]:
                optional = OPTIONAL if form is None else OPTIONAL | optional_paths("variables", form)
                yield RulePlace((*path, "when"), stage.when, approval_scope(form), (Kind.BOOL,), optional)
    for path, item, step in inspection.steps():
        if step.when is not None:
            scope, optional = step_scope(inspection, item, str(path[-1]))
            yield RulePlace((*path, "when"), step.when, scope, (Kind.BOOL,), optional)


def value_places(inspection: Inspection) -> Iterator[ValuePlace]:
    """Every value that a step hands on: to a connector, a child request, a timer or a grant."""
    for path, item, step in inspection.steps():
        key = str(path[-1])
        before = step_scope(inspection, item, key)
        # An undo runs only after its step was done: its own outputs are there.
        after = step_scope(inspection, item, key, own=True)[0], before[1]
        for where, value, wanted in _given(step):
            yield ValuePlace((*path, *where), value, before[0], wanted, before[1])
        for where, value, wanted in _taken_back(step):
            yield ValuePlace((*path, *where), value, after[0], wanted, after[1])


def _given(step: Step) -> Iterator[tuple[Path, Value, tuple[Kind, ...]]]:
    for name, value in step.call.values.items() if step.call is not None else ():
        yield ("call", "values", name), value, ()
    for name, value in step.variables.items():
        yield ("variables", name), value, ()
    for name, value in (("until", step.until), ("effective_at", step.effective_at)):
        if value is not None:
            yield (name,), value, _DATE


def _taken_back(step: Step) -> Iterator[tuple[Path, Value, tuple[Kind, ...]]]:
    if step.undo is not None and step.undo.call is not None:
        for name, value in step.undo.call.values.items():
            yield ("undo", "call", "values", name), value, ()
    if step.grant is not None and step.grant.until is not None:
        yield ("grant", "until"), step.grant.until, _DATE


def step_scope(
    inspection: Inspection, item: CatalogItem, key: str, *, own: bool = False
) -> tuple[Scope, frozenset[str]]:
    """What a step may read, and which of that may be absent; ``own``: its own outputs too."""
    ended = steps_before(item.plan, key) | ({key} if own else set())
    outputs = {name: _outputs(inspection, item.plan.steps[name]) for name in item.plan.steps if name in ended}
    optional = set(OPTIONAL | optional_paths("variables", item.form))
    if item.effective_at is not None and f"variables.{item.effective_at}" not in optional:
        optional.discard("line.effective_at")
    for name in ended:
        optional |= _absent_outputs(name, item.plan.steps[name], outputs[name])
    return plan_scope(item.form, outputs), frozenset(optional)


def steps_before(plan: Plan, key: str) -> set[str]:
    """The steps that have ended when ``key`` begins: those it needs, those they need, and so on."""
    found: set[str] = set()
    waiting = [key]
    while waiting:
        step = plan.steps.get(waiting.pop())
        needs = set(step.needs if step is not None else ()) & plan.steps.keys() - found - {key}
        found |= needs
        waiting.extend(needs)
    return found


def _outputs(inspection: Inspection, step: Step) -> Type:
    if inspection.is_by_person(step):
        return variables_type(step.form or Form())
    if step.kind is StepKind.REQUEST:
        return Type(Kind.MAP, fields={"number": STRING})
    facts = inspection.facts(step.call) if step.call is not None else None
    return Type(Kind.MAP, fields=dict.fromkeys(facts.outputs if facts is not None else (), ANY))


def _absent_outputs(name: str, step: Step, outputs: Type) -> set[str]:
    """A step that may be skipped leaves no outputs at all."""
    root = f"steps.{name}"
    if step.when is not None or step.on_failure is not OnFailure.FAIL:
        return {f"{root}.{output}" for output in outputs.fields or ()}
    return set(optional_paths(root, step.form)) if step.form is not None else set()
