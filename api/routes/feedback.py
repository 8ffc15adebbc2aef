"""The customer's voice: a suggestion or complaint from any record, and what was said for those who answer."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from api import commands
from api.paging import DEFAULT_LIMIT, After, Limit
from api.problems import refusals
from api.requests_read import RecordNumber, owner_with, viewer_of
from api.security import Orderer, Reader
from api.state import ServicesOf
from steadydesk.contracts.base import Contract
from steadydesk.contracts.feedback import FeedbackKind, FeedbackView
from steadydesk.contracts.page import Page, cursor, instant_and_key
from steadydesk.contracts.words import LongWords
from steadydesk.errors import InvalidInput, UnknownRecord
from steadydesk.policies.rights import Verb
from steadydesk.records.feedback import Said, take_feedback
from steadydesk.records.identifiers import new_id
from steadydesk.records.organisation import in_force
from steadydesk.records.views import feedback as views

router = APIRouter(tags=["feedback"])


class NewFeedback(Contract):
    kind: FeedbackKind
    text: LongWords


class FeedbackTaken(Contract):
    id: str
    answers: list[str] = Field(
        description="Who answers for it: `g:<group>`, `f:<function>` (its process owners) or `p:<person>`."
    )


@router.post("/records/{number}/feedback", status_code=201)
async def give_feedback(
    number: RecordNumber, body: NewFeedback, caller: Orderer, services: ServicesOf
) -> FeedbackTaken:
    """Say what should be better; who answers for it is told at once."""
    identity = new_id("fb")
    async with services.posting() as connection:
        owner = await owner_with(connection, caller, number, Verb.SEE)
        _, resolved = await in_force(connection)
        settings = resolved.organisation.organisation
        complains = body.kind is FeedbackKind.COMPLAINT
        group = settings.complaints_group if complains else settings.suggestions_group
        text = await commands.store(connection, caller, body.text)
        said = Said(identity, body.kind.value, number, owner, caller.id, text.ref, caller.now)
        answers = await take_feedback(connection, said, group)
    return FeedbackTaken(id=identity, answers=answers)


@router.get("/feedback", responses=refusals(InvalidInput))
async def list_feedback(
    caller: Reader,
    services: ServicesOf,
    kind: Annotated[FeedbackKind | None, Query(description="Only these.")] = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[FeedbackView]:
    """What was said to a group or function of yours, and what you said, the newest first; whether or not you see the
    records.
    """
    async with services.engine.connect() as connection:
        before = instant_and_key(after)
        viewer = viewer_of(caller)
        found = await views.list_feedback(connection, viewer, limit=limit, kind=kind, before=before)
    last = found[-1] if len(found) == limit else None
    return Page(items=found, after=cursor(last.at.isoformat(), last.id) if last else None)


@router.get("/feedback/{identity}", responses=refusals(UnknownRecord))
async def show_feedback(identity: str, caller: Reader, services: ServicesOf) -> FeedbackView:
    """One suggestion or complaint."""
    async with services.engine.connect() as connection:
        found = await views.find_feedback(connection, viewer_of(caller), identity)
    if found is None:
        raise UnknownRecord("there is no such feedback, or it is not for you to see")
    return found
