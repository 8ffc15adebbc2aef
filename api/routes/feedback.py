"""The customer's voice: a suggestion or complaint from any record."""

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from api import commands
from api.requests_read import RecordNumber, owner_with
from api.security import Reader
from api.state import ServicesOf
from steadydesk.contracts.base import Contract
from steadydesk.contracts.delivery import Message
from steadydesk.contracts.words import LongWords
from steadydesk.policies.rights import Verb
from steadydesk.records import outbox, texts
from steadydesk.records.identifiers import new_id
from steadydesk.records.organisation import in_force
from steadydesk.records.voice import write_feedback

router = APIRouter(prefix="/records", tags=["feedback"])


class NewFeedback(Contract):
    kind: Literal["suggestion", "complaint"]
    text: LongWords


class FeedbackTaken(Contract):
    id: str
    group: str = Field(description="Who answers for it.")


@router.post("/{number}/feedback", status_code=201)
async def give_feedback(
    number: RecordNumber, body: NewFeedback, caller: Reader, services: ServicesOf
) -> FeedbackTaken:
    """Say what should be better; the group that answers for it is told at once."""
    identity = new_id("fb")
    async with services.posting() as connection:
        await owner_with(connection, caller, number, Verb.SEE)
        _, resolved = await in_force(connection)
        settings = resolved.organisation.organisation
        group = settings.complaints_group if body.kind == "complaint" else settings.suggestions_group
        text = await commands.store(connection, caller, body.text)
        await texts.refer(connection, [text.ref], number)
        await write_feedback(connection, identity, body.kind, number, caller.id, text.ref, caller.now)
        message = Message(
            id=f"feedback:{identity}",
            event=f"feedback.{body.kind}",
            number=number,
            audience=[f"g:{group}"],
            facts={"text": text.ref},
            at=caller.now,
        )
        await outbox.post(connection, [message])
    return FeedbackTaken(id=identity, group=group)
