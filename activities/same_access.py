"""Two grants of one access: where the undo of one would take away what another one still gives, and what then."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.effect import Effect
from activities.values import value_of, values_of
from steadydesk.connectors.errors import NeedsPerson
from steadydesk.contracts.grant import GrantState
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.plan import ConnectorCallDefinition
from steadydesk.contracts.request import Line, RequestProcess
from steadydesk.contracts.request_commands import ErrandOutcome, OutcomeKind
from steadydesk.errors import InvalidInput
from steadydesk.policies.expression import ExpressionError
from steadydesk.policies.grant import KEPT_BY
from steadydesk.records import configuration
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.process import process as process_table

Sent = tuple[str, str, dict[str, Any]]
"""Connector, operation and values of a call, as they are sent."""


@dataclass(frozen=True)
class Kept:
    """The active grant ``by`` which the access stays; ``alike`` where it was given by the very same call."""

    by: str
    alike: bool


async def kept_access(
    connection: AsyncConnection, process: RequestProcess, organisation: Organisation, line: Line, key: str
) -> Kept | None:
    """Which other grant of the same person the undo of this step would end outside; one that is alike first."""
    ours = await _calls(connection, process, organisation, line, key)
    if ours is None:
        return None
    held = grant_register.c.holder == line.requested_for, grant_register.c.state == GrantState.ACTIVE.value
    others = select(grant_register.c.number, grant_register.c.line, grant_register.c.step).where(*held)
    with_document = others.add_columns(process_table.c.document).join(
        process_table, process_table.c.number == grant_register.c.request
    )
    found: Kept | None = None
    for row in await connection.execute(with_document.order_by(grant_register.c.number)):
        request = RequestProcess.model_validate(row.document)
        their = request.line(row.line)
        # Who ordered for a future person is the holder of what that person has, and is not that person.
        if row.number == line.steps[key].grant or their.for_future_person != line.for_future_person:
            continue
        theirs = await _calls_of(connection, request, their, row.step)
        if theirs is None or theirs[1] != ours[1]:
            continue
        if theirs[0] == ours[0]:
            return Kept(row.number, alike=True)
        found = found or Kept(row.number, alike=False)
    return found


async def leave_standing(effect: Effect, kept: Kept) -> ErrandOutcome:
    """Nothing is done outside where the same access stays; where it is another one, a person parts the two."""
    if kept.alike:
        return ErrandOutcome(kind=OutcomeKind.DONE, problem=f"{KEPT_BY}{kept.by}")
    return await effect.hand_over(
        NeedsPerson(
            {
                "en": f"Take back only what was granted here: {kept.by} of the same person is in force at the "
                "same place, and the connector would end that too.",
                "de": f"Nehmen Sie nur zurück, was hier gewährt wurde: {kept.by} derselben Person gilt an "
                "derselben Stelle weiter, und das System würde auch das beenden.",
            }
        )
    )


async def _calls_of(
    connection: AsyncConnection, process: RequestProcess, line: Line, key: str
) -> tuple[Sent | None, Sent] | None:
    organisation = (await configuration.get(connection, process.configuration)).organisation
    return await _calls(connection, process, organisation, line, key)


async def _calls(
    connection: AsyncConnection, process: RequestProcess, organisation: Organisation, line: Line, key: str
) -> tuple[Sent | None, Sent] | None:
    """What gives the access and what takes it back; None where no connector takes back what the step grants."""
    step = organisation.catalog[line.item].plan.steps[key]
    if step.grant is None or step.undo is None or step.undo.call is None:
        return None
    values = await values_of(connection, process, line)
    try:
        return _sent(step.call, values) if step.call else None, _sent(step.undo.call, values)
    except (InvalidInput, ExpressionError):
        return None


def _sent(call: ConnectorCallDefinition, values: dict[str, Any]) -> Sent:
    return (
        call.connector,
        call.operation,
        {name: value_of(source, values) for name, source in call.values.items()},
    )
