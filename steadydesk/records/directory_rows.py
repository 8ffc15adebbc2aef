"""Rows of the directory's tables as contracts."""

from typing import Any

from sqlalchemy import Row

from steadydesk.contracts.delegation import Absence, Delegation
from steadydesk.contracts.directory import Group, Person, PersonCard
from steadydesk.records.tables.directory import absence, delegation, person, person_group

CARD_COLUMNS = tuple(person.c[name] for name in PersonCard.model_fields)
PERSON_COLUMNS = tuple(person.c[name] for name in Person.model_fields)
GROUP_COLUMNS = tuple(person_group.c[name] for name in Group.model_fields)
DELEGATION_COLUMNS = tuple(delegation.c[name] for name in Delegation.model_fields)
ABSENCE_COLUMNS = tuple(absence.c[name] for name in Absence.model_fields)


def person_of(row: Row[Any]) -> Person:
    return Person.model_construct(**{name: getattr(row, name) for name in Person.model_fields})


def card_of(row: Row[Any]) -> PersonCard:
    return PersonCard.model_construct(**{name: getattr(row, name) for name in PersonCard.model_fields})


def group_of(row: Row[Any]) -> Group:
    return Group(**{name: getattr(row, name) for name in Group.model_fields})


def absence_of(row: Row[Any]) -> Absence:
    return Absence(**{name: getattr(row, name) for name in Absence.model_fields})


def delegation_of(row: Row[Any]) -> Delegation:
    fields: dict[str, Any] = {name: getattr(row, name) for name in Delegation.model_fields}
    fields["policies"] = row.policies.split(",") if row.policies else None
    return Delegation(**fields)
