"""Every place of the configuration that names something else by its key."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from steadydesk.configuration.problem import Path
from steadydesk.contracts.approval_policy import ApprovalPolicy
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.plan import Step


class Noun(StrEnum):
    FUNCTION = "function"
    SERVICE = "service"
    CALENDAR = "calendar"
    POLICY = "approval policy"
    MODEL = "process model"
    CONNECTOR = "connector"
    ITEM = "catalogue item"
    GROUP = "group"
    PERSON = "person"


DIRECTORY_NOUNS = frozenset({Noun.GROUP, Noun.PERSON})


class Mention(NamedTuple):
    path: Path
    noun: Noun
    name: str


def mentions(organisation: Organisation) -> Iterator[Mention]:
    yield from _settings(organisation)
    yield from _functions(organisation)
    yield from _connectors(organisation)
    for key, model in organisation.process_models.items():
        path: Path = ("process_models", key)
        yield Mention((*path, "owner"), Noun.GROUP, model.owner)
        yield from _each((*path, "restricted_to"), Noun.GROUP, model.restricted_to)
    for key, calendar in organisation.calendars.items():
        yield Mention(("calendars", key, "owner"), Noun.GROUP, calendar.owner)
    for key, policy in organisation.approval_policies.items():
        yield from _policy(("approval_policies", key), policy)
    for key, item in organisation.catalog.items():
        yield from _item(("catalog", key), item)


def _each(path: Path, noun: Noun, names: Iterable[str]) -> Iterator[Mention]:
    for position, name in enumerate(names):
        yield Mention((*path, position), noun, name)


def _fields(path: Path, noun: Noun, thing: object, *names: str) -> Iterator[Mention]:
    for name in names:
        value = getattr(thing, name)
        if value is not None:
            yield Mention((*path, name), noun, value)


def _settings(organisation: Organisation) -> Iterator[Mention]:
    groups = ("complaints_group", "suggestions_group", "leavers_group")
    yield from _fields(("organisation",), Noun.GROUP, organisation.organisation, *groups)


def _functions(organisation: Organisation) -> Iterator[Mention]:
    for key, function in organisation.functions.items():
        yield from _fields(("functions", key), Noun.GROUP, function, "owner")
    for key, service in organisation.services.items():
        yield from _fields(("services", key), Noun.FUNCTION, service, "function")
        yield from _fields(("services", key), Noun.GROUP, service, "owner", "support_group")


def _connectors(organisation: Organisation) -> Iterator[Mention]:
    for key, connector in organisation.connectors.items():
        path: Path = ("connectors", key)
        yield Mention((*path, "owner"), Noun.GROUP, connector.owner)
        yield from _each((*path, "functions"), Noun.FUNCTION, connector.functions)
    for key, secret in organisation.secrets.items():
        path = ("secrets", key)
        yield Mention((*path, "owner"), Noun.GROUP, secret.owner)
        yield from _each((*path, "connectors"), Noun.CONNECTOR, secret.connectors)
        yield from _each((*path, "functions"), Noun.FUNCTION, secret.functions)


def _policy(path: Path, policy: ApprovalPolicy) -> Iterator[Mention]:
    yield from _fields(path, Noun.GROUP, policy, "owner", "fallback")
    yield from _fields(path, Noun.CALENDAR, policy, "calendar")
    for key, stage in policy.stages.items():
        for position, source in enumerate(stage.approvers):
            where = (*path, "stages", key, "approvers", position)
            yield from _fields(where, Noun.GROUP, source, "group")
            yield from _fields(where, Noun.PERSON, source, "person")


def _item(path: Path, item: CatalogItem) -> Iterator[Mention]:
    yield from _fields(path, Noun.FUNCTION, item, "function")
    yield from _fields(path, Noun.GROUP, item, "owner", "fulfilment_group")
    yield from _fields(path, Noun.SERVICE, item, "service")
    yield from _fields(path, Noun.MODEL, item, "model")
    yield from _fields(path, Noun.CALENDAR, item, "calendar")
    yield from _fields(path, Noun.POLICY, item, "approval")
    if item.pre_approved is not None:
        yield Mention((*path, "pre_approved", "by"), Noun.GROUP, item.pre_approved.by)
    yield from _each((*path, "entitlement", "groups"), Noun.GROUP, item.entitlement.groups)
    if isinstance(item.entitlement.for_others, list):
        yield from _each((*path, "entitlement", "for_others"), Noun.GROUP, item.entitlement.for_others)
    for key, step in item.plan.steps.items():
        yield from _step((*path, "plan", "steps", key), step)


def _step(path: Path, step: Step) -> Iterator[Mention]:
    yield from _fields(path, Noun.GROUP, step, "group")
    yield from _fields(path, Noun.POLICY, step, "policy")
    yield from _fields(path, Noun.ITEM, step, "item")
    if step.call is not None:
        yield Mention((*path, "call", "connector"), Noun.CONNECTOR, step.call.connector)
    if step.undo is not None:
        yield from _fields((*path, "undo"), Noun.GROUP, step.undo, "group")
        if step.undo.call is not None:
            yield Mention((*path, "undo", "call", "connector"), Noun.CONNECTOR, step.undo.call.connector)
