"""Rules on catalogue items: who answers for an order, and which fields mean something."""

from collections.abc import Iterator

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Severity, did_you_mean
from steadydesk.configuration.rules.registry import Finding, rule
from steadydesk.contracts.catalog import CatalogItem, Lifecycle
from steadydesk.contracts.form import FieldKind


@rule("C304", Severity.ERROR, "An item that nobody approves")
def unapproved_items(inspection: Inspection) -> Iterator[Finding]:
    """An item names an approval policy, or who pre-approved it until when; never both."""
    for path, item in inspection.items():
        if item.lifecycle is Lifecycle.RETIRED:
            continue
        if item.approval is None and item.pre_approved is None:
            yield Finding(path, "give 'approval', or 'pre_approved' with who and until when")
        elif item.approval is not None and item.pre_approved is not None:
            yield Finding((*path, "pre_approved"), "an item has either 'approval' or 'pre_approved'")


@rule("C305", Severity.WARNING, "A pre-approval that has ended")
def ended_pre_approvals(inspection: Inspection) -> Iterator[Finding]:
    """Nobody can order the item until it is renewed; what else the configuration changes need not wait for that."""
    for path, item in inspection.items():
        if item.pre_approved is not None and item.pre_approved.until < inspection.today:
            message = (
                f"the pre-approval ended on {item.pre_approved.until}, so nobody can order it; renew it or name an "
                "approval policy"
            )
            yield Finding((*path, "pre_approved", "until"), message)


@rule("C506", Severity.ERROR, "A field that does not exist or is of another kind")
def misnamed_fields(inspection: Inspection) -> Iterator[Finding]:
    """The price, the effective date and the beneficiary of an item may each be a field of its form."""
    for path, item in inspection.items():
        for where, name, kind in _named_fields(item):
            field = item.form.fields.get(name)
            if field is None:
                hint = did_you_mean(name, item.form.fields, "its fields are")
                yield Finding((*path, *where), f"the form has no field '{name}'{hint}")
            elif field.kind is not kind:
                yield Finding((*path, *where), f"'{name}' must be a field of kind {kind}, not {field.kind}")
            elif kind is FieldKind.NUMBER and not (field.required and field.visible_when is None):
                yield Finding((*path, *where), f"'{name}' holds the amount, so it must always be required")


@rule("C507", Severity.ERROR, "An item of a service of another function")
def foreign_services(inspection: Inspection) -> Iterator[Finding]:
    """Rights go by function: an item and its service must be of the same one."""
    for path, item in inspection.items():
        service = inspection.organisation.services.get(item.service or "")
        if service is not None and service.function != item.function:
            message = (
                f"'{item.service}' is a service of '{service.function}', the item is of '{item.function}'"
            )
            yield Finding((*path, "service"), message)


@rule("C508", Severity.ERROR, "A joiner, mover or leaver without a date or a person")
def vague_people_operations(inspection: Inspection) -> Iterator[Finding]:
    """People operations are followed by who it is about and from when on; both are fields of the form."""
    for path, item in inspection.items():
        if item.people_operation is None:
            continue
        for name in ("effective_at", "beneficiary"):
            if getattr(item, name) is None:
                message = f"a {item.people_operation} needs '{name}'"
                yield Finding((*path, "people_operation"), message)


def _named_fields(item: CatalogItem) -> Iterator[tuple[tuple[str, ...], str, FieldKind]]:
    if item.price.variable is not None:
        yield ("price", "variable"), item.price.variable, FieldKind.NUMBER
    if item.effective_at is not None:
        yield ("effective_at",), item.effective_at, FieldKind.DATE
    if item.beneficiary is not None:
        yield ("beneficiary",), item.beneficiary, FieldKind.PERSON
