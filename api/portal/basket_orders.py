"""The basket as orders: one for each function, for an order is one record and its function says whose; and for each
closed request that is taken up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from api.commands import key_or_new
from api.follow_up import POINTER
from api.ordering import check_order
from api.portal.basket import Chosen
from api.portal.forms import Posted
from api.portal.page import Page
from api.routes import requests
from api.routes.requests import NewRequest
from steadydesk.contracts.organisation import Organisation
from steadydesk.errors import Problem, Refusal
from steadydesk.records.engine import Connection
from steadydesk.records.organisation import in_force

_LONGEST_KEY = 200
_ITEMS = "/items/"


@dataclass(frozen=True)
class Part:
    """What goes as one order; ``refs`` are its items in the basket."""

    function: str
    refs: list[str]
    new: NewRequest

    def key(self, once: str | None) -> str:
        """Of its own for each showing of the page, so that the rest can be sent again without it."""
        return f"{self.function}:{self.new.follows or ''}:{key_or_new(once)}"[:_LONGEST_KEY]


@dataclass
class Made:
    """What has been ordered, also where a later part was refused."""

    numbers: list[str] = field(default_factory=list[str])
    refs: list[str] = field(default_factory=list[str])

    def left(self, refs: Sequence[str]) -> list[str]:
        return [ref for ref in refs if ref not in self.refs]


def parts_of(
    posted: Posted, chosen: Sequence[Chosen], requested_for: str | None, organisation: Organisation
) -> list[Part]:
    """In the order of the basket. What the catalogue has no more is a part that is refused."""
    return [
        Part(
            function,
            [one.ref for one in ours],
            posted.into(
                NewRequest,
                ("note",),
                requested_for=requested_for,
                items=[one.order for one in ours],
                follows=follows,
            ),
        )
        for (function, follows), ours in together(chosen, organisation).items()
    ]


def together(
    chosen: Sequence[Chosen], organisation: Organisation
) -> dict[tuple[str, str | None], list[Chosen]]:
    """What goes as one order, by its function and the request that it takes up."""
    found: dict[tuple[str, str | None], list[Chosen]] = {}
    for one in chosen:
        item = organisation.catalog.get(one.order.item)
        found.setdefault((item.function if item else "", one.follows), []).append(one)
    return found


async def faults_of(
    page: Page, connection: Connection, parts: Sequence[Part], refs: Sequence[str]
) -> list[Problem]:
    """What the orders would be refused for, at the places that the items have among ``refs``."""
    version, resolved = await in_force(connection)
    found: list[Problem] = []
    for part in parts:
        try:
            await check_order(connection, page.caller, part.new, resolved.organisation, version)
        except Refusal as refusal:
            found += [fault for fault in _placed(part, refusal, refs) if fault not in found]
    return found


async def send(page: Page, posted: Posted, parts: Sequence[Part], refs: Sequence[str], made: Made) -> None:
    """One after the other; a refusal ends it, and is about what is left of ``refs``."""
    act = page.act(posted)
    for part in parts:
        try:
            answer = await requests.order(
                part.new, page.caller, page.services, act.response, part.key(posted.key)
            )
        except Refusal as refusal:
            problems = _placed(part, refusal, made.left(refs))
            raise type(refusal)(refusal.message, problems=problems, details=refusal.details) from None
        made.numbers.append(answer.number)
        made.refs += part.refs


def _placed(part: Part, refusal: Refusal, refs: Sequence[str]) -> list[Problem]:
    problems = refusal.problems or [Problem(refusal.pointer or "", refusal.message)]
    return [_moved(part, problem, refs) for problem in problems]


def _moved(part: Part, problem: Problem, refs: Sequence[str]) -> Problem:
    if problem.pointer == POINTER:
        place = list(refs).index(part.refs[0])
        return replace(problem, pointer=f"{_ITEMS}{place}{POINTER}")
    if not problem.pointer.startswith(_ITEMS):
        return problem
    index, slash, rest = problem.pointer.removeprefix(_ITEMS).partition("/")
    place = list(refs).index(part.refs[int(index)])
    return replace(problem, pointer=f"{_ITEMS}{place}{slash}{rest}")
