"""Effects of a plan outside of our database: through the ledger, with its key, never blindly twice."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.breaker import Breakers
from activities.child_order import gone
from activities.effect import Effect, unsettled
from activities.heartbeat import beating
from activities.same_access import Kept, kept_access, leave_standing
from activities.steps import HOLDER_LEFT
from activities.values import confidential_of, value_of, values_of
from steadydesk.connectors.errors import ConnectorFault, Unavailable
from steadydesk.connectors.protocol import Check, Connector, ConnectorCall, ConnectorResult
from steadydesk.connectors.registry import ConnectorRegistry, Surroundings
from steadydesk.connectors.secrets import SecretDefinition, SecretStore
from steadydesk.contracts.grant import GrantProcess
from steadydesk.contracts.numbers import RecordKind, kind_of
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.plan import ConnectorCallDefinition, Step
from steadydesk.contracts.request import Line, RequestProcess, StepState, UndoState
from steadydesk.contracts.request_commands import ErrandOrder, ErrandOutcome, OutcomeKind
from steadydesk.errors import Refusal
from steadydesk.policies.errands import perform_key, undo_key
from steadydesk.policies.expression import ExpressionError
from steadydesk.policies.grant import revoke_key
from steadydesk.records import configuration, effects, texts
from steadydesk.records.directory_facts import has_left
from steadydesk.records.tables.process import process as process_table

STANDS = "StillThere"
"""The failure of an undo that the remote says it did, while the effect is there all the same."""


@dataclass(frozen=True)
class _Place:
    """Where an errand belongs: its order, line and step as the record has them now; whether it is ``owed``."""

    process: RequestProcess
    organisation: Organisation
    line: Line
    step: str
    undoing: bool
    owed: bool

    @property
    def definition(self) -> Step:
        return self.organisation.catalog[self.line.item].plan.steps[self.step]

    @property
    def call(self) -> ConnectorCallDefinition:
        way = self.definition.undo.call if self.undoing and self.definition.undo else self.definition.call
        assert way is not None
        return way


class ErrandActivities:
    """Regular activities: operators see their attempts and failures on the timeline."""

    def __init__(
        self,
        engine: AsyncEngine,
        registry: ConnectorRegistry,
        surroundings: Surroundings,
        environ: Mapping[str, str],
    ) -> None:
        self.engine = engine
        self.registry = registry
        self.surroundings = surroundings
        self.environ = environ
        self.breakers = Breakers(engine)

    @activity.defn
    async def perform_step(self, order: ErrandOrder) -> ErrandOutcome:
        """Cause the step's effect; outputs go into the text store. Failures are ApplicationErrors by fault name."""
        return await self._effect(order)

    @activity.defn
    async def undo_step(self, order: ErrandOrder) -> ErrandOutcome:
        """Take the step's effect back, with a key of its own."""
        return await self._effect(order)

    async def _effect(self, order: ErrandOrder) -> ErrandOutcome:
        try:
            async with beating():
                effect, kept = await self._prepared(order)
                if kept is not None:
                    return await leave_standing(effect, kept)
                outcome = await self.breakers.call(effect.call.target, effect.cause)
                if outcome.kind is OutcomeKind.DONE:
                    await self._check_gone(order)
                return outcome
        except (Refusal, ConnectorFault, ExpressionError) as wrong:
            # Configuration or values do not fit; no repeat will change that.
            name = type(wrong).__name__
            raise ApplicationError(f"{name} at {order.key}", type=name, non_retryable=True) from wrong

    async def _prepared(self, order: ErrandOrder) -> tuple[Effect, Kept | None]:
        async with self.engine.begin() as connection:
            place = await self._place(connection, order)
            await _must_be_owed(connection, place, order)
            values = await values_of(connection, place.process, place.line)
            call = self._call(place, order.key, values)
            connector = self._connector(place.organisation, call.target)
            await _must_be_there(connection, place, order.key)
            await _until_settled(connection, order.key, connector, call.operation, call.timeout)
            if place.undoing and (performed := place.definition.call) is not None:
                # What the remote is still at work on would stand after it was taken back.
                first = self._connector(place.organisation, performed.connector)
                key = perform_key(place.line, place.step)
                await _until_settled(connection, key, first, performed.operation, place.definition.timeout)
            kept = await _kept(connection, place, order.key)
        verify = place.definition.verify and not place.undoing
        confidential = confidential_of(place.organisation.catalog[place.line.item], values)
        return Effect(self.engine, connector, call, order, verify, confidential), kept

    async def _check_gone(self, order: ErrandOrder) -> None:
        """After the undo of what the plan verifies: look that it is not there any more. A repeat only looks."""
        async with self.engine.connect() as connection:
            place = await self._place(connection, order)
            if not (place.undoing and place.definition.verify and place.definition.call):
                return
            key = perform_key(place.line, place.step)
            values = await values_of(connection, place.process, place.line)
            call = self._call(replace(place, undoing=False), key, values)
            entry = await effects.find(connection, key)
            done = entry is not None and entry.state is effects.EffectState.DONE
            outputs = entry.outputs.ref if entry and done and entry.outputs else None
            bodies = await texts.read(connection, [outputs] if outputs else [])
        body = bodies.get(outputs or "", {})
        connector = self._connector(place.organisation, call.target)
        try:
            found = await connector.verify(call, ConnectorResult(body, body.get("reference")))
        except Unavailable as away:
            raise ApplicationError(f"Unavailable at {order.key}", type=Unavailable.__name__) from away
        if found.check is Check.HOLDS:
            raise ApplicationError(f"{STANDS} at {order.key}", type=STANDS, non_retryable=True)

    async def _place(self, connection: AsyncConnection, order: ErrandOrder) -> _Place:
        document = await _document(connection, order.number)
        if kind_of(order.number) is RecordKind.GRANT:
            return await self._grant_place(connection, GrantProcess.model_validate(document), order)
        process = RequestProcess.model_validate(document)
        organisation = (await configuration.get(connection, process.configuration)).organisation
        for line in process.lines:
            for step, run in line.steps.items():
                if order.key == perform_key(line, step):
                    owed = run.state is StepState.RUNNING
                    return _Place(process, organisation, line, step, undoing=False, owed=owed)
                if order.key == undo_key(line, step):
                    owed = run.undo is UndoState.RUNNING
                    return _Place(process, organisation, line, step, undoing=True, owed=owed)
        raise gone(order.number, order.key)

    async def _grant_place(
        self, connection: AsyncConnection, grant: GrantProcess, order: ErrandOrder
    ) -> _Place:
        """A revocation is the undo of the step that gave the grant, with the values of its request."""
        if order.key != revoke_key(grant):
            raise gone(grant.number, order.key)
        process = RequestProcess.model_validate(await _document(connection, grant.request))
        organisation = (await configuration.get(connection, grant.configuration)).organisation
        line = process.line(grant.line)
        return _Place(process, organisation, line, grant.step, undoing=True, owed=grant.performing)

    def _call(self, place: _Place, key: str, values: dict[str, Any]) -> ConnectorCall:
        function = place.organisation.catalog[place.line.item].function
        store = SecretStore(_secrets(place.organisation), self.environ)
        return ConnectorCall(
            target=place.call.connector,
            operation=place.call.operation,
            values={name: value_of(source, values) for name, source in place.call.values.items()},
            idempotency_key=key,
            secrets=store.scope(connector=place.call.connector, function=function),
            timeout=min(place.definition.timeout, timedelta(minutes=10)),
            undoing=place.undoing,
        )

    def _connector(self, organisation: Organisation, key: str) -> Connector:
        definition = organisation.connectors[key]
        return self.registry.build(definition.kind, definition.config, self.surroundings)


async def _must_be_owed(connection: AsyncConnection, place: _Place, order: ErrandOrder) -> None:
    """Whoever reaches our task queue can ask for an errand: nothing goes out before the record wants it, nor after.
    What is settled is only repeated.
    """
    if place.owed:
        return
    entry = await effects.find(connection, order.key)
    if entry is None or entry.state not in (effects.EffectState.DONE, effects.EffectState.REFUSED):
        raise gone(order.number, order.key)


async def _must_be_there(connection: AsyncConnection, place: _Place, key: str) -> None:
    """Nothing is granted to somebody who has left, unless it may stand outside already: then the plan settles it."""
    if place.undoing or place.definition.grant is None or place.line.for_future_person:
        return
    entry = await effects.find(connection, key)
    stands = entry is not None and (entry.in_doubt or entry.state is effects.EffectState.DONE)
    if not stands and await has_left(connection, place.line.requested_for):
        raise ApplicationError(f"{HOLDER_LEFT} at {key}", type=HOLDER_LEFT, non_retryable=True)


async def _kept(connection: AsyncConnection, place: _Place, key: str) -> Kept | None:
    """Another grant that the undo would end outside; what is settled already is only repeated."""
    if not place.undoing:
        return None
    entry = await effects.find(connection, key)
    if entry is not None and entry.state in (effects.EffectState.DONE, effects.EffectState.REFUSED):
        return None
    return await kept_access(connection, place.process, place.organisation, place.line, place.step)


async def _until_settled(
    connection: AsyncConnection, key: str, connector: Connector, operation: str, timeout: timedelta
) -> None:
    """Nobody is asked or told anything about an effect in doubt while the remote may still be at work on it."""
    entry = await effects.find(connection, key)
    if entry is None or not entry.in_doubt:
        return
    wait = unsettled(entry, connector.facts(operation).settles or timedelta(0), timeout)
    if wait:
        raise ApplicationError(f"{key} may still be under way", type="Unsettled", next_retry_delay=wait)


async def _document(connection: AsyncConnection, number: str) -> dict[str, Any]:
    found = await connection.scalar(select(process_table.c.document).where(process_table.c.number == number))
    if found is None:
        raise ApplicationError(f"there is no process {number}", type="Gone", non_retryable=True)
    return found


def _secrets(organisation: Organisation) -> list[SecretDefinition]:
    found: list[SecretDefinition] = []
    for name, secret in organisation.secrets.items():
        kind, _, source = secret.source.partition(":")
        place = {"environment": source} if kind == "env" else {"file": source}
        scope = {"connectors": secret.connectors, "hosts": secret.hosts, "functions": secret.functions}
        found.append(SecretDefinition.model_validate({"name": name, **place, **scope}))
    return found
