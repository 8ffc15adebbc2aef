"""What an item of the catalogue costs, promises and needs, in the words of its reader."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from api.portal.page import Page
from steadydesk.contracts.approval_policy import ApproverSource, Rule, Stage
from steadydesk.contracts.calendar import MIDNIGHT, Calendar
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.configuration import ResolvedOrganisation
from steadydesk.contracts.language import in_language
from steadydesk.policies import expression
from steadydesk.policies.calendar import add_business_time
from steadydesk.policies.calendar_hours import CalendarError
from steadydesk.policies.expression_names import select
from steadydesk.records.views.pickers import Picked


@dataclass(frozen=True)
class StageWords:
    """A stage of an approval. ``needed`` None: it depends on what is not known yet."""

    label: str
    who: str
    rule: str
    due: str
    needed: bool | None


def price_words(page: Page, item: CatalogItem, amount: float | None = None) -> str:
    """What one costs, or ``amount`` of it in all."""
    if item.price.variable and amount is None:
        return page.words("item.price_variable")
    cost = item.price.amount if amount is None else amount
    return page.formats.money(cost, item.price.currency) if cost else page.words("item.price_none")


def amount_of(item: CatalogItem, quantity: int, variables: Mapping[str, Any]) -> float:
    """What an order of it comes to: its price times the quantity, or the form's own amount."""
    stated = variables.get(item.price.variable) if item.price.variable else None
    if isinstance(stated, int | float) and not isinstance(stated, bool):
        return float(stated)
    return item.price.amount * quantity


def span_words(page: Page, calendar: Calendar, length: timedelta) -> str:
    """A length of business time as people count it: hours within a day, else days of the calendar."""
    days = [sum(end - begin for begin, end in (one.minutes for one in day)) for day in calendar.week.days]
    opened = [minutes for minutes in days if minutes]
    if not opened or min(days) == MIDNIGHT:
        return page.formats.span(length)
    average = timedelta(minutes=sum(opened) / len(opened))
    if length < average * 0.75:
        return page.words("item.working_hours", count=_tidy(length / timedelta(hours=1)))
    return page.words("item.working_days", count=max(1, round(length / average)))


def expected(
    page: Page, item: CatalogItem, calendar: Calendar, variables: Mapping[str, Any]
) -> datetime | None:
    """When an order of now is promised, as the order will say; None where the calendar does not reach so far."""
    begins = page.now
    stated = variables.get(item.effective_at) if item.effective_at else None
    try:
        if isinstance(stated, str):
            day = datetime.combine(date.fromisoformat(stated), time(), ZoneInfo(calendar.zone))
            begins = max(begins, day)
        return add_business_time(calendar, begins, item.promise)
    except (CalendarError, ValueError):
        return None


def stages_of(
    page: Page,
    resolved: ResolvedOrganisation,
    item: CatalogItem,
    names: Picked,
    values: Mapping[str, Any] | None = None,
) -> Iterator[StageWords]:
    """Who approves ahead. With the ``values`` of an order, whether each is needed for it."""
    policy = resolved.organisation.approval_policies[item.approval] if item.approval else None
    if policy is None:
        return
    calendar = resolved.calendars[policy.calendar]
    for stage in policy.stages.values():
        yield StageWords(
            label=in_language(stage.label, page.language),
            who=_who(page, resolved, item, stage, names),
            rule=_rule(page, stage),
            due=span_words(page, calendar, stage.due),
            needed=_needed(stage.when, values),
        )


def mentioned_in(
    page: Page, resolved: ResolvedOrganisation, item: CatalogItem
) -> tuple[list[str | None], list[str | None]]:
    """People and groups whose names the words need."""
    policy = resolved.organisation.approval_policies[item.approval] if item.approval else None
    sources = [source for stage in policy.stages.values() for source in stage.approvers] if policy else []
    service = resolved.organisation.services.get(item.service or "")
    people = [page.caller.standing.person.manager, *(source.person for source in sources)]
    groups = [item.fulfilment_group, item.owner, *(source.group for source in sources)]
    groups += [service.owner if service else None, item.pre_approved.by if item.pre_approved else None]
    return people, groups


def values_of(
    item_key: str, item: CatalogItem, quantity: int, variables: Mapping[str, Any]
) -> dict[str, Any]:
    """What the conditions of a policy may ask about an order that is not sent yet."""
    line = {"item": item_key, "quantity": quantity, "currency": item.price.currency, "round": 1}
    return {"line": {**line, "amount": amount_of(item, quantity, variables)}, "variables": dict(variables)}


def _needed(rule: str | None, values: Mapping[str, Any] | None) -> bool | None:
    """A condition that fails on these values counts as true, as it will in the process."""
    if rule is None:
        return True
    if values is None or any(name.partition(".")[0] not in values for name in expression.names(rule)):
        return None
    try:
        return expression.holds(rule, select(values, expression.names(rule)))
    except expression.ExpressionError:
        return True


def _who(page: Page, resolved: ResolvedOrganisation, item: CatalogItem, stage: Stage, names: Picked) -> str:
    return page.words("item.or").join(
        _source(page, resolved, item, source, names) for source in stage.approvers
    )


def _source(
    page: Page, resolved: ResolvedOrganisation, item: CatalogItem, source: ApproverSource, names: Picked
) -> str:
    words = page.words
    if source.person is not None:
        return names.person(source.person)
    if source.group is not None:
        return words("item.by_group", group=names.group(source.group))
    if source.manager_of is not None:
        manager = page.caller.standing.person.manager
        key = "item.by_manager" if source.manager_of == "requester" else "item.by_manager_of"
        return words(f"{key}_known", name=names.person(manager)) if manager else words(key)
    if source.field is not None:
        field = item.form.fields.get(source.field)
        return words(
            "item.by_field", field=in_language(field.label, page.language) if field else source.field
        )
    service = resolved.organisation.services.get(item.service or "")
    owner = service.owner if source.owner_of == "service" and service else item.owner
    return words("item.by_group", group=names.group(owner))


def _rule(page: Page, stage: Stage) -> str:
    rule: Rule = stage.rule
    alone = len(stage.approvers) == 1 and (stage.approvers[0].person or stage.approvers[0].manager_of)
    if rule.all:
        return "" if alone else page.words("item.rule_all")
    if rule.count is not None:
        return page.words("item.rule_count", count=rule.count)
    if rule.percent is not None:
        return page.words("item.rule_percent", percent=f"{rule.percent:g}")
    return "" if alone else page.words("item.rule_any")


def _tidy(hours: float) -> int | float:
    return int(hours) if hours.is_integer() else round(hours, 1)
