"""Answers to forms against form, directory and calendar: each fault with its JSON pointer."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.security import Caller
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.form import FieldKind, Form
from steadydesk.contracts.organisation import Organisation
from steadydesk.errors import InvalidInput, Problem
from steadydesk.policies import form
from steadydesk.policies.money import unpayable
from steadydesk.policies.order_dates import begun, passed
from steadydesk.records.directory_approvers import people_by_name
from steadydesk.records.directory_facts import known_groups, who_left
from steadydesk.records.engine import Connection

LEFT = "this person has left"


async def check_variables(
    connection: Connection,
    caller: Caller,
    organisation: Organisation,
    item: CatalogItem,
    variables: dict[str, Any],
    at: str,
    *,
    present: bool = True,
) -> list[Problem]:
    """What does not fit the item's form, references that name nobody, days that have passed, and amounts that nobody
    could pay; where ``present`` also people who have left.
    """
    problems = await check_answers(connection, item.form, variables, at, present=present)
    named = {problem.pointer for problem in problems}
    today = today_of(caller, organisation, item)
    days = passed(item, variables, today, may_backdate=may_backdate(caller, item))
    more = (Problem(at + one.pointer, one.message) for one in (*days, *unpayable(item, variables)))
    return [*problems, *(problem for problem in more if problem.pointer not in named)]


async def check_answers(
    connection: Connection, asked: Form, variables: dict[str, Any], at: str, *, present: bool = False
) -> list[Problem]:
    """The same for any form, except for days and amounts."""
    problems = [Problem(at + fault.pointer, fault.message) for fault in form.check(asked, variables)]
    named = form.references(asked, variables)
    people = [value for _, kind, value in named if kind is FieldKind.PERSON]
    groups = [value for _, kind, value in named if kind is FieldKind.GROUP]
    known = await people_by_name(connection, people) if people else dict[str, str]()
    left = await who_left(connection, known.values()) if known and present else set[str]()
    known_keys = await known_groups(connection, groups) if groups else set[str]()
    for pointer, kind, value in named:
        if kind is FieldKind.PERSON and value.lower() not in known:
            problems.append(Problem(at + pointer, "the directory has no person with this user name"))
        if kind is FieldKind.PERSON and known.get(value.lower()) in left:
            problems.append(Problem(at + pointer, LEFT))
        if kind is FieldKind.GROUP and value not in known_keys:
            problems.append(Problem(at + pointer, "the directory has no group with this key"))
    return problems


def check_date(caller: Caller, organisation: Organisation, item: CatalogItem, effective_at: datetime) -> None:
    """InvalidInput for an effective date that an order of the caller could not name."""
    day = effective_at.astimezone(ZoneInfo(organisation.calendars[item.calendar].zone)).date()
    today, backdates = today_of(caller, organisation, item), may_backdate(caller, item)
    if problems := list(begun(day, today, "/effective_at", may_backdate=backdates)):
        raise InvalidInput("the date has passed", problems=problems)


def may_backdate(caller: Caller, item: CatalogItem) -> bool:
    """Who carries it out, or owns its process, enters what began before they heard of it."""
    works = item.fulfilment_group in caller.standing.groups
    return works or f"f:{item.function}" in caller.standing.own_sight


def today_of(caller: Caller, organisation: Organisation, item: CatalogItem) -> date:
    """The day on which the caller asks, where the item's calendar is."""
    return caller.now.astimezone(ZoneInfo(organisation.calendars[item.calendar].zone)).date()
