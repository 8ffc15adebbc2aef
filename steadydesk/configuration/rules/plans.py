"""Rules on plans: that they can run to an end, and that every step has its way back."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Severity, did_you_mean
from steadydesk.configuration.rules.registry import Finding, rule
from steadydesk.contracts.plan import Step, StepKind

_OF_KIND: Mapping[str, frozenset[StepKind]] = {
    "group": frozenset({StepKind.MANUAL}),
    "instruction": frozenset({StepKind.MANUAL}),
    "form": frozenset({StepKind.MANUAL}),
    "due": frozenset({StepKind.MANUAL}),
    "call": frozenset({StepKind.CONNECTOR}),
    "policy": frozenset({StepKind.APPROVAL}),
    "until": frozenset({StepKind.WAIT}),
    "item": frozenset({StepKind.REQUEST}),
    "effective_at": frozenset({StepKind.REQUEST}),
    "grant": frozenset({StepKind.MANUAL, StepKind.CONNECTOR}),
    "undo": frozenset({StepKind.MANUAL, StepKind.CONNECTOR, StepKind.REQUEST}),
}

_OF_PERSON = frozenset({"group", "instruction", "form", "due"})
"""What a connector's step may say too where the connector gives it to a person."""


def first_cycle(graph: Mapping[str, set[str]]) -> list[str] | None:
    """One cycle of the graph, its first name repeated at the end; None when there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return None


@rule("C201", Severity.ERROR, "Steps of a plan that wait for each other")
def cycles(inspection: Inspection) -> Iterator[Finding]:
    """None of them could ever begin."""
    for path, item in inspection.items():
        steps = item.plan.steps
        cycle = first_cycle(
            {key: {need for need in step.needs if need in steps} for key, step in steps.items()}
        )
        if cycle is not None:
            where = (*path, "plan", "steps", cycle[0], "needs")
            yield Finding(where, f"these steps wait for each other: {' → '.join(cycle)}")


@rule("C202", Severity.ERROR, "A step that needs a step which does not exist")
def unknown_needs(inspection: Inspection) -> Iterator[Finding]:
    """It would wait for ever."""
    for path, item, step in inspection.steps():
        for position, need in enumerate(step.needs):
            if need not in item.plan.steps:
                hint = did_you_mean(need, item.plan.steps, "the plan has")
                yield Finding((*path, "needs", position), f"there is no step '{need}'{hint}")


@rule("C203", Severity.ERROR, "A grant without its undo", at_key=True)
def grants_without_undo(inspection: Inspection) -> Iterator[Finding]:
    """What is given for a time must be revoked by something: by a connector, or by a person's task."""
    for path, _, step in inspection.steps():
        if step.grant is not None and (step.undo is None or step.undo.nothing is not None):
            yield Finding(
                (*path, "grant"), "the grant needs an 'undo' with a 'call' or a 'group' that revokes it"
            )


@rule("C204", Severity.ERROR, "A connector step without its undo")
def calls_without_undo(inspection: Inspection) -> Iterator[Finding]:
    """A cancellation takes back what was done; where nothing needs to be, 'undo: {nothing: why}' says so."""
    for path, _, step in inspection.steps():
        if step.kind is not StepKind.CONNECTOR or step.undo is not None or step.call is None:
            continue
        facts = inspection.facts(step.call)
        if facts is None or facts.effects:
            yield Finding(path, "the step needs an 'undo': a 'call', a 'group', or 'nothing' with the reason")


@rule("C205", Severity.ERROR, "Items that order each other without end")
def endless_orders(inspection: Inspection) -> Iterator[Finding]:
    """A request step that leads back to its own item would order for ever."""
    catalog = inspection.organisation.catalog
    graph = {
        key: {
            step.item for step in item.plan.steps.values() if step.item is not None and step.item in catalog
        }
        for key, item in catalog.items()
    }
    cycle = first_cycle(graph)
    if cycle is not None:
        steps = catalog[cycle[0]].plan.steps
        key = next(key for key, step in steps.items() if step.item in cycle)
        where = ("catalog", cycle[0], "plan", "steps", key, "item")
        yield Finding(where, f"these items order each other: {' → '.join(cycle)}")


@rule("C206", Severity.ERROR, "A step with something that its kind does not use", at_key=True)
def idle_keys(inspection: Inspection) -> Iterator[Finding]:
    """What does nothing misleads whoever reads the plan."""
    for path, _, step in inspection.steps():
        ours = _OF_PERSON if inspection.is_by_person(step) else frozenset[str]()
        for name in sorted((step.model_fields_set & _OF_KIND.keys()) - ours):
            if step.kind not in _OF_KIND[name]:
                kinds = " or ".join(sorted(_OF_KIND[name]))
                yield Finding((*path, name), f"'{name}' is for steps of kind {kinds}, not '{step.kind}'")


@rule("C207", Severity.ERROR, "An effective date that the item has not")
def missing_effective_date(inspection: Inspection) -> Iterator[Finding]:
    """A plan would start at no known time; what is silent until then would be silent for ever."""
    for path, item in inspection.items():
        if item.plan.starts == "effective-date" and item.effective_at is None:
            message = "the item needs 'effective_at', the date field that says when the plan starts"
            yield Finding((*path, "plan", "starts"), message)
        if item.silent_until_effective and item.effective_at is None:
            message = "the item needs 'effective_at', the date field that says when the silence ends"
            yield Finding((*path, "silent_until_effective"), message)


def grants_access_or_money(steps: Mapping[str, Step]) -> bool:
    """Whether the plan gives somebody access or money by a grant."""
    return any(step.grant is not None and step.grant.access_or_money for step in steps.values())
