"""The ways through the portal that somebody's rights open, or what others said to them."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from api.security import Caller
from steadydesk.policies.rights import Permission
from steadydesk.records.views.shell import Shell


@dataclass(frozen=True)
class Way:
    """An entry: its words are ``nav.<key>``, its icon has the same name."""

    key: str
    path: str
    open_to: Callable[[Caller, Shell], bool]


def _may(permission: Permission) -> Callable[[Caller, Shell], bool]:
    return lambda caller, _: caller.may(permission)


WAYS = (
    Way("home", "/", _may(Permission.READ)),
    Way("catalog", "/catalog", _may(Permission.ORDER)),
    Way("requests", "/requests", _may(Permission.READ)),
    Way("approvals", "/approvals", _may(Permission.DECIDE)),
    Way("tasks", "/tasks", _may(Permission.WORK)),
    Way("people-operations", "/people-operations", _may(Permission.WORK)),
    Way("feedback", "/feedback", lambda _, shell: shell.has_feedback),
    Way("dashboard", "/dashboard", _may(Permission.READ_CONFIGURATION)),
    Way("operations", "/operations", _may(Permission.OPERATE)),
)


_WITHIN = {"/records": "/requests", "/basket": "/catalog"}
"""Pages that have another beginning than the way that leads to them."""


def place_of(path: str) -> str:
    """The path of the way that leads to the page, which the navigation marks."""
    first = "/" + path.strip("/").split("/")[0]
    return _WITHIN.get(first, first)


def ways_of(caller: Caller, built: Collection[str], shell: Shell) -> Iterator[Way]:
    """What the caller may go to, of the pages that this portal has."""
    return (way for way in WAYS if way.path in built and way.open_to(caller, shell))
