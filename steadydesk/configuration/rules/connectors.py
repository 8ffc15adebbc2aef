"""Rules on connectors: that they can be built, and that steps call what they offer."""

from collections.abc import Iterator

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Severity, did_you_mean
from steadydesk.configuration.rules.registry import Finding, rule


@rule("C701", Severity.ERROR, "A connector that cannot be built")
def unusable_connectors(inspection: Inspection) -> Iterator[Finding]:
    """Its kind must be installed, and its 'config' must fit what that kind expects."""
    kinds = inspection.registry.kinds
    for key, connector in inspection.organisation.connectors.items():
        if connector.kind not in kinds:
            hint = did_you_mean(connector.kind, kinds)
            yield Finding(
                ("connectors", key, "kind"), f"no connector kind '{connector.kind}' is installed{hint}"
            )
            continue
        for path, message in inspection.config_faults(key):
            yield Finding(("connectors", key, "config", *path), message)


@rule("C702", Severity.ERROR, "A call that the connector does not offer")
def unknown_operations(inspection: Inspection) -> Iterator[Finding]:
    """The operation must exist, get every value that it needs, and no other."""
    for path, _, _, call in inspection.calls():
        if not inspection.connector_is_usable(call.connector):
            continue
        facts = inspection.facts(call)
        if facts is None:
            offered = inspection.organisation.connectors[call.connector].config.get("operations")
            hint = did_you_mean(call.operation, offered, "it has") if isinstance(offered, dict) else ""
            message = f"'{call.connector}' has no operation '{call.operation}'{hint}"
            yield Finding((*path, "operation"), message)
            continue
        for name in sorted((facts.inputs or frozenset()) - call.values.keys()):
            yield Finding((*path, "operation"), f"'{call.operation}' needs the value '{name}'")
        for name in call.values:
            if facts.inputs is not None and name not in facts.inputs:
                hint = did_you_mean(name, facts.inputs, "it takes")
                yield Finding((*path, "values", name), f"'{call.operation}' takes no value '{name}'{hint}")


@rule("C703", Severity.ERROR, "A connector that the function may not use")
def foreign_connectors(inspection: Inspection) -> Iterator[Finding]:
    """What HR's connector reaches, an item of IT must not."""
    for path, item, _, call in inspection.calls():
        connector = inspection.organisation.connectors.get(call.connector)
        if connector is not None and connector.functions and item.function not in connector.functions:
            allowed = ", ".join(connector.functions)
            message = f"'{call.connector}' is for {allowed}, the item is of '{item.function}'"
            yield Finding((*path, "connector"), message)


@rule("C706", Severity.ERROR, "A check that the connector cannot make")
def impossible_checks(inspection: Inspection) -> Iterator[Finding]:
    """'verify' asks the target whether the effect is there; the operation must know how."""
    for path, _, step in inspection.steps():
        facts = inspection.facts(step.call) if step.verify and step.call is not None else None
        if facts is not None and not facts.verifies:
            yield Finding((*path, "verify"), "the operation has no 'verify', so nothing can be checked")
