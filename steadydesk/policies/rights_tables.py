"""The matrix of visibility and the permissions of roles as tables of the documentation."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from steadydesk.contracts.directory import Role
from steadydesk.policies.rights import (
    NEVER_FOR_ANOTHER,
    PERMISSIONS_OF,
    SCOPE_OF,
    VISIBILITY,
    Permission,
    Relation,
    Verb,
)


def visibility_table() -> str:
    """A row for each verb, a column for each way in which somebody sees a record."""
    rows = [(_words(verb), *(_mark(why in VISIBILITY[verb]) for why in Relation)) for verb in Verb]
    return _table(("verb", *map(_words, Relation)), rows)


def permissions_table() -> str:
    """A row for each permission that a route demands: the scope of the token, and the roles that carry it."""
    rows = [
        (
            _words(permission),
            f"`{SCOPE_OF[permission].value}`",
            "no" if permission in NEVER_FOR_ANOTHER else "yes",
            *(_mark(permission in PERMISSIONS_OF[role]) for role in Role),
        )
        for permission in Permission
    ]
    return _table(("permission", "scope", "for another", *map(_words, Role)), rows)


def renew(document: str) -> str:
    """The document with the tables between its marks made anew."""
    tables: Mapping[str, str] = {"visibility": visibility_table(), "permissions": permissions_table()}
    for name, table in tables.items():
        part = re.compile(rf"(<!-- {name}: [^>]*-->\n).*(\n<!-- end of {name} -->)", re.DOTALL)
        document = part.sub(lambda match, table=table: f"{match[1]}{table}{match[2]}", document)
    return document


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [tuple(head), *map(tuple, rows)]
    texts = [f"| {' | '.join(cells)} |" for cells in lines]
    return "\n".join([texts[0], f"|{'---|' * len(lines[0])}", *texts[1:]])


def _words(name: StrEnum) -> str:
    return name.value.replace("_", " ")


def _mark(holds: bool) -> str:
    return "x" if holds else ""
