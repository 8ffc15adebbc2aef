"""Carries *person left* and *membership ended* from the outbox to the process that they are about, as signed
messages of our own.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.client import WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from activities.carrier import Send, Withheld
from steadydesk.connectors.errors import Unavailable
from steadydesk.contracts.assertion import SERVICE_ACTOR
from steadydesk.contracts.delivery import Channel
from steadydesk.contracts.request_commands import TellRequest
from steadydesk.orchestration.requests import Sender
from steadydesk.policies.assertion import unsigned
from steadydesk.records.tables.delivery import delivery, outbox


class ProcessCarrier:
    """The channel to processes; a process that has ended needs no word any more."""

    channel = Channel.PROCESS

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def prepare(
        self, connection: AsyncConnection, ids: Sequence[str], now: datetime
    ) -> Mapping[str, Send | Withheld]:
        del now  # A process hears it whenever it comes.
        rows = await connection.execute(
            select(delivery.c.id, outbox.c.number, outbox.c.event, outbox.c.facts)
            .join(outbox, outbox.c.id == delivery.c.outbox_id)
            .where(delivery.c.id.in_(ids))
        )
        return {row.id: self._send(row.id, row.number, word_of(row.event, row.facts)) for row in rows}

    def _send(self, delivery_id: str, number: str, body: TellRequest) -> Send:
        async def send() -> None:
            try:
                await self._sender.send(
                    number,
                    "tell",
                    body,
                    update_id=f"left:{delivery_id}",
                    actor=SERVICE_ACTOR,
                    at=datetime.now(UTC),
                )
            except WorkflowUpdateFailedError:
                return
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise Unavailable("the process does not answer") from error

        return send


def word_of(event: str, facts: Mapping[str, Any]) -> TellRequest:
    """What the process is told of an outbox row of an event that is for processes."""
    person, group = facts.get("person"), facts.get("group")
    if event == "membership.ended":
        return TellRequest(assertion=unsigned(), event="membership_ended", subject=person, group=group)
    return TellRequest(assertion=unsigned(), event="person_left", subject=person)
