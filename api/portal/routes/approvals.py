"""The inbox of approvals with the chosen one beside it, and the page of one approval with its decision."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlsplit

from fastapi import Query
from fastapi.responses import Response

from api.portal.addresses import with_filters
from api.portal.approval_page import Case, read_case
from api.portal.forms import Form, FormState, attempt
from api.portal.guard import own_path, pages
from api.portal.page import DeciderPage, Page
from api.portal.people_typed import person_typed
from api.portal.typed_form import shows_again
from api.routes import approvals
from api.routes.approvals import GateId, NewApprover, NewDecision, gate_of
from steadydesk.contracts.gate import ApproverState
from steadydesk.contracts.numbers import is_gate
from steadydesk.contracts.page import cursor, instant_and_key
from steadydesk.errors import InvalidInput, Problem
from steadydesk.records.engine import Connection, autocommit
from steadydesk.records.views.approval_inbox import InboxEntry, approval_inbox, instant_of
from steadydesk.records.views.approvals import GateOrder

router = pages()

PATH = "/approvals"
PER_PAGE = 25
Show = Literal["open", "decided", "ended"]
"""Still to decide, decided by the reader or in their name, and ended without them."""

_STATES: dict[str, tuple[str, ...]] = {
    "open": (ApproverState.REQUESTED.value,),
    "decided": (ApproverState.APPROVED.value, ApproverState.REJECTED.value),
    "ended": (ApproverState.CANCELLED.value, ApproverState.NOT_REQUIRED.value),
}
_NEEDS_WORDS = ("rejected", "ask")


@dataclass(frozen=True)
class Inbox:
    """What the address of the inbox says."""

    show: str
    after: str | None = None
    selected: str | None = None

    def address(self, **instead: str | None) -> str:
        return with_filters(
            PATH, **{"show": self.show, "after": self.after, "selected": self.selected} | instead
        )


@router.get(PATH)
async def show_inbox(
    page: DeciderPage,
    show: Show = "open",
    after: Annotated[str | None, Query(max_length=500)] = None,
    selected: Annotated[str | None, Query(max_length=60)] = None,
) -> Response:
    return await _inbox_page(page, Inbox(show, after, gate_of(selected) if selected else None))


@dataclass(frozen=True)
class Following:
    """The approval to decide after this one, and how many are left with it."""

    gate: str
    left: int


@router.get(PATH + "/{gate}")
async def show_approval(
    gate: GateId,
    page: DeciderPage,
    following: Annotated[str | None, Query(max_length=60)] = None,
    left: Annotated[int, Query(ge=1, le=PER_PAGE)] = 1,
) -> Response:
    if page.request.path_params["gate"] != gate:
        return page.back_to(f"{PATH}/{gate}")
    return await _approval_page(
        page, gate, following=Following(gate_of(following), left) if following else None
    )


@router.post(PATH + "/{gate}/decision")
@shows_again
async def decide(gate: GateId, page: DeciderPage, posted: Form) -> Response:
    """A vote, its withdrawal, or a question. Back to where the form was; beside the inbox, to the next one."""
    act = page.act(posted)

    async def send() -> None:
        body = posted.into(NewDecision, ("decision", "comment", "acting_for"))
        _must_say_why(page, body)
        await approvals.decide(gate, body, act)

    failed = await attempt(
        "withdrawn" if posted.text("decision") == "withdrawn" else "decide", posted, send()
    )
    back = own_path(posted.text("back")) if posted.has("back") else None
    if failed is not None:
        return await (_beside_again(page, gate, back, failed) if back else _approval_page(page, gate, failed))
    late = act.response.status_code == 202
    place = back or await _decided_place(page, gate)
    return page.back_to(place, "sent" if late else f"approval_{posted.text('decision')}")


@router.post(PATH + "/{gate}/approvers")
@shows_again
async def add_approver(gate: GateId, page: DeciderPage, posted: Form) -> Response:
    """One more person is asked; process owners may."""

    async def send() -> None:
        person = await person_typed(page, posted.text("person"), "/person")
        body = posted.into(NewApprover, (), **({"person": person} if person else {}))
        await approvals.add_approver(gate, body, page.act(posted))

    failed = await attempt("add", posted, send())
    if failed is not None:
        return await _approval_page(page, gate, failed)
    return page.back_to(f"{PATH}/{gate}", "approval_added")


def _must_say_why(page: Page, body: NewDecision) -> None:
    if body.decision in _NEEDS_WORDS and body.comment is None:
        words = page.words(f"approvals.say_{body.decision}")
        raise InvalidInput(words, problems=[Problem("/comment", words)])


async def _decided_place(page: Page, gate: str) -> str:
    """Its own page, which leads to the next one that waits."""
    async with autocommit(page.services.engine).connect() as connection:
        found = await approval_inbox(connection, page.viewer, _STATES["open"], PER_PAGE)
    waiting = [entry.id for entry in found if entry.id != gate and entry.is_asked]
    if not waiting:
        return f"{PATH}/{gate}"
    return with_filters(f"{PATH}/{gate}", following=waiting[0], left=str(len(waiting)))


async def _approval_page(
    page: Page, gate: str, failed: FormState | None = None, following: Following | None = None
) -> Response:
    async with autocommit(page.services.engine).connect() as connection:
        case = await read_case(connection, page, gate)
    return await page.show("approvals/page", failed=failed, case=case, back=None, following=following)


async def _beside_again(page: Page, gate: str, back: str, failed: FormState) -> Response:
    """The inbox with what was typed; what was decided by somebody else meanwhile is shown all the same."""
    return await _inbox_page(page, replace(_inbox_at(back), selected=gate), failed)


def _inbox_at(address: str) -> Inbox:
    given = dict(parse_qsl(urlsplit(address).query))
    show = given.get("show", "")
    return Inbox(show if show in _STATES else "open", given.get("after"))


async def _inbox_page(page: Page, inbox: Inbox, failed: FormState | None = None) -> Response:
    order = GateOrder.DUE if inbox.show == "open" else GateOrder.NEWEST
    async with autocommit(page.services.engine).connect() as connection:
        found = await approval_inbox(
            connection,
            page.viewer,
            _STATES[inbox.show],
            PER_PAGE,
            instant_and_key(inbox.after, is_gate),
            order,
        )
        case = await _chosen(connection, page, inbox, found)
    last = found[-1] if len(found) == PER_PAGE else None
    following = cursor(instant_of(last, order).isoformat(), last.id) if last else None
    return await page.show(
        "approvals/inbox",
        failed=failed,
        inbox=inbox,
        found=found,
        case=case,
        back=_next_place(inbox, found, case),
        tabs=[(Inbox(each).address(), page.words(f"approvals.show_{each}")) for each in _STATES],
        here=Inbox(inbox.show).address(),
        first=inbox.address(after=None, selected=None) if inbox.after else None,
        next=inbox.address(after=following, selected=None) if following else None,
    )


async def _chosen(connection: Connection, page: Page, inbox: Inbox, found: list[InboxEntry]) -> Case | None:
    """The one that the address names, else the first."""
    if inbox.selected is None:
        return await read_case(connection, page, found[0].id) if found else None
    return await read_case(connection, page, inbox.selected)


def _next_place(inbox: Inbox, found: list[InboxEntry], case: Case | None) -> str:
    """Where a decision leads: the inbox with the next one of the list."""
    here = [entry.id for entry in found]
    place = here.index(case.view.id) + 1 if case and case.view.id in here else len(here)
    return inbox.address(selected=here[place] if place < len(here) else None)
