"""Approvals: the inbox, and decisions that are answered at once."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BeforeValidator, Field

from api import commands
from api.actions import DeciderAction, OrdererAction
from api.requests_read import viewer_of
from api.security import Reader
from api.state import ServicesOf
from steadydesk.contracts.base import Contract
from steadydesk.contracts.gate import Decision
from steadydesk.contracts.numbers import is_gate, owner_of_gate, parse_typed
from steadydesk.contracts.page import LARGEST_PAGE, Page, cursor, instant_and_key
from steadydesk.contracts.request_commands import ChangeApprovers, Decide
from steadydesk.contracts.views import ApprovalView
from steadydesk.contracts.words import Words
from steadydesk.errors import InvalidInput, Problem, UnknownRecord
from steadydesk.policies.assertion import unsigned
from steadydesk.policies.rights import Verb
from steadydesk.records.engine import Connection
from steadydesk.records.views import approvals as views
from steadydesk.records.views.approval_difference import field_changes
from steadydesk.records.views.approval_page import approval_content


def gate_of(typed: str) -> str:
    """The gate's id however it was typed; UnknownRecord for what is none."""
    gate = parse_typed(typed)
    if gate is None or not is_gate(gate):
        raise UnknownRecord("there is no such approval, or it is not for you to see")
    return gate


GateId = Annotated[str, BeforeValidator(gate_of)]

router = APIRouter(prefix="/approvals", tags=["approvals"])


_WORDS = {
    "rejected": "say why you refuse: who asked for it is told",
    "ask": "say what you want to know: who asked for it is asked",
}


class NewDecision(Contract):
    """``ask`` puts a question to the requester; ``withdrawn`` takes your vote back. A refusal and a question need a
    ``comment``.
    """

    decision: Literal["approved", "rejected", "ask", "withdrawn"]
    comment: Words | None = None
    acting_for: str | None = Field(
        default=None, max_length=100, description="User name of whom you stand for, as a delegate."
    )


class NewApprover(Contract):
    person: str = Field(description="User name.", max_length=100)


@router.get("")
async def list_approvals(
    caller: Reader,
    services: ServicesOf,
    state: Annotated[
        Literal["requested", "approved", "rejected", "cancelled", "not_required"] | None, Query()
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    after: Annotated[str | None, Query(max_length=500)] = None,
) -> Page[ApprovalView]:
    """Approvals at which you are asked, yourself or as a delegate; the oldest first."""
    async with services.engine.connect() as connection:
        before = instant_and_key(after, is_gate)
        found = await views.inbox(connection, viewer_of(caller), state, limit, before)
    last = found[-1] if len(found) == limit else None
    return Page(items=found, after=cursor(last.opened_at.isoformat(), last.id) if last else None)


@router.get("/{gate}")
async def show_approval(gate: GateId, caller: Reader, services: ServicesOf) -> ApprovalView:
    """One approval: its state, due date, who is asked, and on re-approval what has changed."""
    async with services.engine.connect() as connection:
        found = await views.find_approval(connection, viewer_of(caller), gate)
        if found is None:
            raise UnknownRecord("there is no such approval, or it is not for you to see")
        content = await approval_content(connection, viewer_of(caller), gate) if found.changed else None
    return found if content is None else found.model_copy(update={"changes": field_changes(content)})


@router.post("/{gate}/decision")
async def decide(gate: GateId, body: NewDecision, act: DeciderAction) -> dict[str, Any]:
    """Decide; the answer is the gate's state, or at once why not."""
    if body.decision in _WORDS and body.comment is None:
        raise InvalidInput("a comment is missing", problems=[Problem("/comment", _WORDS[body.decision])])

    async def build(connection: Connection) -> Decide:
        comment = await commands.words(connection, act.caller, body.comment)
        decision = Decision(body.decision)
        return Decide(
            assertion=unsigned(), if_match=act.version, gate=gate, decision=decision, comment=comment
        )

    delegator = await _delegator(act, body.acting_for)
    return await act(owner_of_gate(gate), Verb.SEE, "decide", body, build, subject=gate, acting_for=delegator)


async def _delegator(act: DeciderAction, user_name: str | None) -> str | None:
    if user_name is None:
        return None
    async with act.services.engine.connect() as connection:
        return await commands.person_named(connection, user_name, act.caller.id, "/acting_for")


@router.post("/{gate}/approvers")
async def add_approver(gate: GateId, body: NewApprover, act: OrdererAction) -> dict[str, Any]:
    """Ask one more person, not yourself; process owners may."""

    async def build(connection: Connection) -> ChangeApprovers:
        person = await commands.person_named(connection, body.person, act.caller.id, "/person")
        return ChangeApprovers(assertion=unsigned(), if_match=act.version, gate=gate, add=person)

    return await act(owner_of_gate(gate), Verb.ADD_APPROVER, "add_approver", body, build, subject=gate)
