"""Reads that several routes need: the viewer of a caller, a whole request, and the matrix's word on a verb."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from api.received import UNKNOWN, found_or_received, still_received
from api.security import Caller
from api.services import Services
from steadydesk.contracts.numbers import RecordKind, kind_of, parse_typed
from steadydesk.contracts.views import RequestView
from steadydesk.errors import NotAllowed, UnknownRecord
from steadydesk.policies.rights import Permission, Verb, may
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.reservations import RECEIVED
from steadydesk.records.views.received import received_request
from steadydesk.records.views.records import owner_of
from steadydesk.records.views.requests import find_request
from steadydesk.records.views.visibility import Viewer, relations
from steadydesk.settings import Settings


def viewer_of(caller: Caller) -> Viewer:
    return Viewer.of(caller.standing, caller.now)


def number_of(typed: str) -> str:
    """The number however it was typed; UnknownRecord for what is none."""
    number = parse_typed(typed)
    if number is None:
        raise UnknownRecord(UNKNOWN)
    return number


def _only(kind: RecordKind) -> Callable[[str], str]:
    def number_of_kind(typed: str) -> str:
        number = number_of(typed)
        if kind_of(number) is not kind:
            raise UnknownRecord(UNKNOWN)
        return number

    return number_of_kind


def _line_meant(typed: str) -> str:
    number = parse_typed(typed)
    if number is None or kind_of(number) is not RecordKind.REQUEST_LINE:
        raise ValueError("must be the number of a line, such as RITM0000042")
    return number


RecordNumber = Annotated[str, BeforeValidator(number_of)]
"""A number in a path, however typed; what is no number of ours is not found."""
RequestNumber = Annotated[str, BeforeValidator(_only(RecordKind.REQUEST))]
"""The same of a request alone: other processes have other commands, and other documents."""
LineNumber = Annotated[str, AfterValidator(_line_meant)]
"""The number of a line in a body, however typed."""
GrantNumber = Annotated[str, BeforeValidator(_only(RecordKind.GRANT))]


async def read_request(services: Services, caller: Caller, number: str) -> RequestView:
    """The request as the caller may see it, to do something with it; UnknownRecord otherwise, InvalidTransition while
    it is still being received.
    """
    async with autocommit(services.engine).connect() as connection:
        find = partial(find_request, connection, viewer_of(caller), number)
        view = await found_or_received(connection, caller, number, find, still_received)
    return _for_operators(services, caller, view)


async def show_or_received(services: Services, caller: Caller, number: str) -> RequestView:
    """The same, and of an order of theirs that is still being received what they ordered."""
    viewer = viewer_of(caller)
    async with autocommit(services.engine).connect() as connection:
        find = partial(find_request, connection, viewer, number)
        ordered = partial(received_request, connection, viewer.language)
        view = await found_or_received(connection, caller, number, find, ordered)
    return _for_operators(services, caller, view)


def _for_operators(services: Services, caller: Caller, view: RequestView) -> RequestView:
    """Where its process is, for whom that is."""
    number = view.number
    if caller.may(Permission.OPERATE) and view.state != RECEIVED:
        settings = services.settings
        return view.model_copy(
            update={
                "temporal_ui": settings.workflow_link(number),
                "history": _history(view, caller, settings),
            }
        )
    return view


def _history(view: RequestView, caller: Caller, settings: Settings) -> str:
    """Whether Temporal still keeps the history of the process."""
    if view.closed_at is None:
        return "kept while the process runs"
    until = view.closed_at + timedelta(days=settings.retention_days)
    word = "kept until" if until > caller.now else "not kept any more since"
    return f"{word} about {until:%Y-%m-%d}"


async def require(
    connection: Connection, caller: Caller, number: str, verb: Verb, act: str | None = None
) -> list[str]:
    """UnknownRecord for the invisible, NotAllowed for the visible that the matrix does not allow, InvalidTransition for
    what is still being received. ``act`` is what was asked for, where ``verb`` stands for several things.
    """
    find = partial(relations, connection, viewer_of(caller), number)
    found = await found_or_received(connection, caller, number, find, still_received)
    if not may(verb, found):
        raise NotAllowed(
            f"you may see {number}, but this is not yours to do: {(act or verb).replace('_', ' ')}"
        )
    return found


async def owner_with(connection: Connection, caller: Caller, number: str, verb: Verb) -> str:
    """The process that a record of any kind belongs to, once the caller may do ``verb`` to it."""
    find = partial(owner_of, connection, number)
    owner = await found_or_received(connection, caller, number, find, still_received)
    await require(connection, caller, owner, verb)
    return owner
