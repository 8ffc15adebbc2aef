"""Rules on CEL: it parses, type-checks, reads only what it may, and costs little."""

from collections.abc import Iterator

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Severity
from steadydesk.configuration.rules.registry import Finding, rule
from steadydesk.configuration.scopes import rule_places, value_places
from steadydesk.policies.expression import problems


@rule("C601", Severity.ERROR, "CEL that cannot be used")
def unusable_expressions(inspection: Inspection) -> Iterator[Finding]:
    """It must parse, type-check against the form and the order, yield what is wanted there, ask with has()
    for what may be absent, and stay below 1,000 characters, 250 parts, 20 levels and two nested loops.
    """
    for place in rule_places(inspection):
        for problem in problems(place.source, place.scope, place.wanted, place.optional):
            yield Finding(place.path, problem.message)
    for place in value_places(inspection):
        if place.value.cel is not None:
            for problem in problems(place.value.cel, place.scope, place.wanted, place.optional):
                yield Finding((*place.path, "cel"), problem.message)
