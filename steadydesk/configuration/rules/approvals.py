"""Rules on approvals: every stage can be decided, ends, and never approves money or access by silence."""

import math
from collections.abc import Iterator

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Path, Severity, did_you_mean
from steadydesk.configuration.rules.plans import grants_access_or_money
from steadydesk.configuration.rules.registry import Finding, rule
from steadydesk.contracts.approval_policy import ApproverSource, OnExpiry, Stage
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.form import FieldKind

MATERIAL = frozenset({"item", "quantity", "price", "requested_for", "effective_at", "variables"})


@rule("C301", Severity.ERROR, "A stage that nobody can satisfy")
def impossible_stages(inspection: Inspection) -> Iterator[Finding]:
    """More approvals than there are approvers, an empty group, a service account that is asked, or a fallback group
    without people.
    """
    for path, _, stage in inspection.stages():
        yield from _service_accounts(inspection, path, stage)
        people = _most_approvers(inspection, stage)
        if people == 0:
            yield Finding((*path, "approvers"), "nobody is left who may decide this stage")
        elif stage.rule.count is not None and stage.rule.count > people:
            message = f"{stage.rule.count} approvals are asked for, but at most {people:g} people may decide"
            yield Finding((*path, "rule", "count"), message)
    if inspection.directory is not None:
        for key, policy in inspection.organisation.approval_policies.items():
            if inspection.directory.members.get(policy.fallback) == frozenset():
                where = ("approval_policies", key, "fallback")
                yield Finding(where, f"the fallback group '{policy.fallback}' has no active member")


@rule("C302", Severity.ERROR, "A stage without an expiry outcome")
def endless_stages(inspection: Inspection) -> Iterator[Finding]:
    """Every wait ends: 'on_expiry' is reject, escalate, cancel or approve."""
    for path, _, stage in inspection.stages():
        if stage.on_expiry is None:
            yield Finding(path, "the stage needs 'on_expiry': reject, escalate, cancel or approve")


@rule("C303", Severity.ERROR, "Approval by expiry of access or money")
def silent_approvals(inspection: Inspection) -> Iterator[Finding]:
    """Nobody gets access or money because somebody else was on holiday."""
    for path, _, stage in inspection.stages():
        by_escalation = stage.on_expiry is OnExpiry.ESCALATE and stage.after_escalation == "approve"
        if stage.on_expiry is not OnExpiry.APPROVE and not by_escalation:
            continue
        name = "after_escalation" if by_escalation else "on_expiry"
        for key, item in inspection.items_under(str(path[1])):
            if _gives_access_or_money(item):
                yield Finding(
                    (*path, name), f"'{key}' grants access or money; use reject, escalate or cancel"
                )


@rule("C306", Severity.ERROR, "A material field that does not exist")
def unknown_material(inspection: Inspection) -> Iterator[Finding]:
    """An edit of it could never void an approval, as whoever wrote it expects."""
    for key, policy in inspection.organisation.approval_policies.items():
        forms = [item.form for _, item in inspection.items_under(key)]
        variables = {f"variables.{name}" for form in forms for name in form.fields}
        for position, name in enumerate(policy.material):
            if name not in MATERIAL | variables:
                where = ("approval_policies", key, "material", position)
                yield Finding(where, f"there is no field '{name}'{did_you_mean(name, MATERIAL | variables)}")


@rule("C307", Severity.ERROR, "An approver field that an item has not")
def unknown_approver_fields(inspection: Inspection) -> Iterator[Finding]:
    """The stage asks the person or group that a field of the form names: every item must have that field."""
    for path, _, stage in inspection.stages():
        for position, source in enumerate(stage.approvers):
            for key, item in inspection.items_under(str(path[1])) if source.field is not None else []:
                field = item.form.fields.get(str(source.field))
                if field is None or field.kind not in (FieldKind.PERSON, FieldKind.GROUP):
                    where = (*path, "approvers", position, "field")
                    yield Finding(where, f"'{key}' has no field '{source.field}' of kind person or group")


@rule("C308", Severity.ERROR, "A reminder outside of the due time")
def misplaced_reminders(inspection: Inspection) -> Iterator[Finding]:
    """Reminders are percents of the due time, from 1 to 99."""
    for path, _, stage in inspection.stages():
        for position, percent in enumerate(stage.remind_at):
            if not 1 <= percent <= 99:
                yield Finding((*path, "remind_at", position), "a reminder is a percent from 1 to 99")


@rule("C309", Severity.WARNING, "Approval by whom it is for")
def approvals_for_oneself(inspection: Inspection) -> Iterator[Finding]:
    """Who orders may not decide. Where others order access or money for somebody who is asked, that person could."""
    for key, policy in inspection.organisation.approval_policies.items():
        asked = [source for stage in policy.stages.values() for source in stage.approvers]
        if "requested_for" in policy.exclude or all(one.manager_of == "requested_for" for one in asked):
            continue
        given = [name for name, item in inspection.items_under(key) if _gives_access_or_money(item)]
        if given:
            message = (
                f"'{given[0]}' grants access or money, and whom it is for may approve it; "
                "exclude [requester, requested_for]"
            )
            yield Finding(("approval_policies", key), message)


def _service_accounts(inspection: Inspection, path: Path, stage: Stage) -> Iterator[Finding]:
    for position, source in enumerate(stage.approvers):
        if source.person in _services(inspection):
            where = (*path, "approvers", position, "person")
            yield Finding(where, f"'{source.person}' is a service account, and only people decide")


def _services(inspection: Inspection) -> frozenset[str]:
    return inspection.directory.services if inspection.directory is not None else frozenset()


def _most_approvers(inspection: Inspection, stage: Stage) -> float:
    """The largest number of people who may decide; infinite where that depends on the order."""
    named = {source.person for source in stage.approvers if source.person is not None} - _services(inspection)
    groups = {source.group for source in stage.approvers if source.group is not None}
    if groups and inspection.directory is None:
        return math.inf
    members = inspection.directory.members if inspection.directory is not None else {}
    people = named.union(*(members.get(group, frozenset()) for group in groups))
    if groups - members.keys():
        return math.inf
    return len(people) + sum(_people_of(source) for source in stage.approvers)


def _people_of(source: ApproverSource) -> float:
    if source.manager_of is not None:
        return 1
    if source.owner_of is not None or source.field is not None:
        return math.inf
    return 0


def _gives_access_or_money(item: CatalogItem) -> bool:
    has_price = item.price.amount > 0 or item.price.variable is not None
    return has_price or grants_access_or_money(item.plan.steps)
