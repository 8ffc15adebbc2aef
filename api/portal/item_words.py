"""What an item of the catalogue costs, promises and needs, in the words of its reader."""

from collections.abc import Iterator, Mapping, Sequence
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
from steadydesk.contracts.organisation import Organisation
from steadydesk.policies import expression
from steadydesk.policies.calendar import add_business_time
from steadydesk.policies.calendar_hours import CalendarError
from steadydesk.policies.expression_names import select
from steadydesk.records.views.pickers import Picked

Values = Mapping[str, Any]
"""What the conditions of a policy may ask about, by the first part of its name."""


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


def decided_by(
    page: Page,
    resolved: ResolvedOrganisation,
    item: CatalogItem,
    cases: Sequence[Values] = (),
) -> datetime | None:
    """When the approvals of an order of now have ended at the latest, escalations apart; None where it needs none. A
    stage of which nothing is known yet counts.
    """
    policy = resolved.organisation.approval_policies[item.approval] if item.approval else None
    stages = policy.stages.values() if policy else ()
    lengths = [stage.due for stage in stages if needed_in(stage.when, cases) is not False]
    if policy is None or not lengths:
        return None
    longest = max(lengths) if policy.mode == "parallel" else sum(lengths, timedelta())
    try:
        return add_business_time(resolved.calendars[policy.calendar], page.now, longest)
    except CalendarError:
        return None


def stages_of(
    page: Page,
    resolved: ResolvedOrganisation,
    item: CatalogItem,
    names: Picked,
    cases: Sequence[Values] = (),
    holder: str | None = None,
) -> Iterator[StageWords]:
    """Who approves ahead of what is for ``holder`` (None: not known yet); needed or not where all ``cases`` agree."""
    policy = resolved.organisation.approval_policies[item.approval] if item.approval else None
    if policy is None:
        return
    calendar = resolved.calendars[policy.calendar]
    for stage in policy.stages.values():
        yield StageWords(
            label=in_language(stage.label, page.language),
            who=_who(page, resolved, item, stage, names, holder),
            rule=_rule(page, stage),
            due=span_words(page, calendar, stage.due),
            needed=needed_in(stage.when, cases),
        )


def is_parallel(organisation: Organisation, item: CatalogItem) -> bool:
    """Whether all its stages are asked at the same time."""
    return item.approval is not None and organisation.approval_policies[item.approval].mode == "parallel"


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


def values_of(item_key: str, item: CatalogItem, quantity: int, variables: Mapping[str, Any]) -> Values:
    """Of an order that is not sent yet."""
    line = {"item": item_key, "quantity": quantity, "currency": item.price.currency, "round": 1}
    return {"line": {**line, "amount": amount_of(item, quantity, variables)}, "variables": dict(variables)}


def cases_of(item_key: str, item: CatalogItem) -> list[Values]:
    """What is known of every order of it before anything is answered: its price, for one and for the most."""
    if item.price.variable:
        return []
    quantities = sorted({1, item.max_quantity})
    return [{"line": values_of(item_key, item, quantity, {})["line"]} for quantity in quantities]


def needed_in(rule: str | None, cases: Sequence[Values]) -> bool | None:
    """Whether a stage's condition holds; None where that is not known yet, or the cases differ."""
    found = {_needed(rule, values) for values in cases} or {_needed(rule, {})}
    return found.pop() if len(found) == 1 else None


def _needed(rule: str | None, values: Values) -> bool | None:
    """A condition that fails on these values counts as true, as it will in the process."""
    if rule is None:
        return True
    names = expression.names(rule)
    if any(name.partition(".")[0] not in values for name in names):
        return None
    try:
        return expression.holds(rule, select(values, names))
    except expression.ExpressionError:
        return True


def _who(
    page: Page,
    resolved: ResolvedOrganisation,
    item: CatalogItem,
    stage: Stage,
    names: Picked,
    holder: str | None,
) -> str:
    return page.words("item.or").join(
        _manager(page, names, source.manager_of, holder)
        if source.manager_of is not None
        else _source(page, resolved, item, source, names)
        for source in stage.approvers
    )


def _manager(page: Page, names: Picked, of: str, holder: str | None) -> str:
    """The reader's own, or that of whom it is for, as far as that is known."""
    me = page.caller.standing.person
    own = names.person(me.manager) if me.manager else None
    if of == "requester" or (holder and holder.lower() in (me.id, me.user_name)):
        return page.words("item.by_manager_known", name=own) if own else page.words("item.by_manager")
    if holder is None:
        return page.words("item.by_manager_of_known", name=own) if own else page.words("item.by_manager_of")
    theirs, person = names.manager_of(holder), names.person(holder)
    if theirs is None:
        return page.words("item.by_manager_of_person", person=person)
    return page.words("item.by_manager_of_person_known", person=person, name=theirs)


def _source(
    page: Page, resolved: ResolvedOrganisation, item: CatalogItem, source: ApproverSource, names: Picked
) -> str:
    words = page.words
    if source.person is not None:
        return names.person(source.person)
    if source.group is not None:
        return words("item.by_group", group=names.group(source.group))
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
