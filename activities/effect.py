"""One effect outside, through the ledger: noted before it is sent, asked about after a doubt, never blindly twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio.exceptions import ApplicationError

from steadydesk.connectors.errors import ConnectorFault, NeedsPerson, OutcomeUnknown, Refused, Unavailable
from steadydesk.connectors.protocol import Check, Connector, ConnectorCall, ConnectorResult, Lookup, Outcome
from steadydesk.connectors.said import safe_words
from steadydesk.connectors.secrets import SecretsUsed
from steadydesk.contracts.assertion import TextRef
from steadydesk.contracts.language import LocalisedText
from steadydesk.contracts.request_commands import ErrandOrder, ErrandOutcome, OutcomeKind
from steadydesk.records import effects, texts
from steadydesk.records.effects import EffectState, LedgerEntry

DOUBTFUL = OutcomeUnknown.__name__
BY_HAND = NeedsPerson.__name__
INSTRUCTION = "instruction"
"""The field of the text that a person gets to read for what no machine does."""
STATUS, SAID = "status", "said"
"""The fields of the text that holds what the target answered to an attempt that failed."""
UNVERIFIED = "VerificationFailed"


@dataclass(frozen=True)
class Effect:
    """One call and its entry in the ledger; the attempt of a worker that was killed counts like any other.

    ``confidential`` are values that nobody reads in what the target says.
    """

    engine: AsyncEngine
    connector: Connector
    call: ConnectorCall
    order: ErrandOrder
    verify: bool = False
    confidential: Sequence[str] = field(default=(), repr=False)

    async def cause(self) -> ErrandOutcome:
        """Have the effect once, or hand it to a person, whose instruction is the outcome's text. Failures are
        ApplicationErrors by fault name, retryable while that makes sense.

        As long as an attempt may have arrived, the failure is one in doubt, whatever the latest attempt met: only
        then the plan takes back what may stand outside.
        """
        before = await self._begin()
        if before is not None and before.state is EffectState.REFUSED:
            if before.problem == BY_HAND:
                return ErrandOutcome(kind=OutcomeKind.NEEDS_PERSON, outputs=before.outputs)
            raise self._error(before.problem or EffectState.REFUSED.value, final=True)
        if before is not None and before.state is EffectState.DONE:
            outputs = before.outputs
        else:
            try:
                outputs = await self._send(before)
            except NeedsPerson as asked:
                return await self._hand_over(before, asked)
        if self.verify:
            await self._verify(before, outputs)
        return ErrandOutcome(kind=OutcomeKind.DONE, outputs=outputs)

    async def hand_over(self, asked: NeedsPerson) -> ErrandOutcome:
        """Send nothing: a person does it, as a repeat finds as well."""
        before = await self._begin()
        if before is not None and before.problem == BY_HAND:
            return ErrandOutcome(kind=OutcomeKind.NEEDS_PERSON, outputs=before.outputs)
        return await self._hand_over(before, asked)

    async def _begin(self) -> LedgerEntry | None:
        order, call = self.order, self.call
        async with self.engine.begin() as connection:
            return await effects.begin(
                connection, order.key, order.number, call.target, call.operation, now()
            )

    async def _send(self, before: LedgerEntry | None) -> TextRef | None:
        """Send it, unless an earlier attempt may have arrived: then the remote is asked by the key first."""
        facts = self.connector.facts(self.call.operation)
        last = 0 < self.order.attempts <= (before.attempts if before else 0) + 1
        doubt = facts.effects and before is not None and before.in_doubt
        if doubt and not facts.repeatable:
            result = await self._ask(can_tell=facts.settles is not None, last=last)
            if result is not None:
                return await self._done(before, result)
            doubt = False
        if before is not None:
            async with self.engine.begin() as connection:
                await effects.send_again(connection, self.order.key, now())
        used = SecretsUsed(self.call.secrets)
        try:
            return await self._done(before, await self.connector.perform(replace(self.call, secrets=used)))
        except NeedsPerson:
            raise
        except ConnectorFault as fault:
            if doubt and isinstance(fault, Refused) and facts.settles is not None:
                # It may say no because it knows the key: where it can answer, no person has to look.
                found = await self._what_stands()
                if found.result is not None:
                    return await self._done(before, found.result)
                doubt = found.outcome is not Outcome.NOT_DONE
            doubt = doubt or _may_stand(fault)
            await self._keep_answer(before, fault, used, doubt=doubt)
            raise self._failed(fault, doubt=doubt, last=last) from fault

    async def _ask(self, *, can_tell: bool, last: bool) -> ConnectorResult | None:
        """What the remote knows of the key: the result, or None where it surely did nothing."""
        if not can_tell:
            raise self._error(DOUBTFUL, final=True)
        try:
            found = await self.connector.lookup(self.call)
        except ConnectorFault as fault:
            raise self._error(DOUBTFUL, final=last or not fault.retryable, delay=_asked_for(fault)) from fault
        if found.outcome is Outcome.CANNOT_TELL:
            raise self._error(DOUBTFUL, final=True)
        return found.result

    async def _what_stands(self) -> Lookup:
        try:
            return await self.connector.lookup(self.call)
        except ConnectorFault:
            return Lookup(Outcome.CANNOT_TELL)

    def _failed(self, fault: ConnectorFault, *, doubt: bool, last: bool) -> ApplicationError:
        """What Temporal retries or not; never the fault's words."""
        ask_after = fault.ask_after if isinstance(fault, OutcomeUnknown) else None
        final = last or not (fault.retryable or ask_after is not None)
        name = DOUBTFUL if doubt else type(fault).__name__
        return self._error(name, final=final, delay=ask_after or _asked_for(fault))

    async def _keep_answer(
        self, before: LedgerEntry | None, fault: ConnectorFault, used: SecretsUsed, *, doubt: bool
    ) -> None:
        """Write down what is known, and what the target said for whoever decides about it."""
        state = EffectState.WAITING if isinstance(fault, Unavailable) else EffectState.REFUSED
        secrets = [secret.get_secret_value() for secret in used.given]
        said = safe_words(fault.detail, secrets, self.confidential) if _refuses(fault) else ""
        body = {name: value for name, value in ((STATUS, fault.status), (SAID, said)) if value}
        name = type(fault).__name__
        await self._keep(before, body or None, EffectState.UNKNOWN if doubt else state, problem=name)

    async def _hand_over(self, before: LedgerEntry | None, asked: NeedsPerson) -> ErrandOutcome:
        """Nothing happened outside: it ends with what a person has to do, stored where a repeat finds it."""
        body = {INSTRUCTION: asked.instruction}
        reference = await self._keep(before, body, EffectState.REFUSED, problem=BY_HAND)
        return ErrandOutcome(kind=OutcomeKind.NEEDS_PERSON, outputs=reference)

    async def _done(self, before: LedgerEntry | None, result: ConnectorResult) -> TextRef | None:
        body: dict[str, Any] = dict(result.outputs)
        if result.external_reference is not None:
            body.setdefault("reference", result.external_reference)
        return await self._keep(before, body, EffectState.DONE)

    async def _keep(
        self,
        before: LedgerEntry | None,
        body: dict[str, Any] | None,
        state: EffectState,
        problem: str | None = None,
    ) -> TextRef | None:
        """Store what came of it in the place of what an earlier attempt was told, and end its entry with it."""
        text = texts.prepare(body, "service") if body is not None else None
        reference = text.reference if text else None
        async with self.engine.begin() as connection:
            await texts.write(connection, [text] if text else [], now(), self.order.number)
            outputs = reference.ref if reference else None
            await effects.end(connection, self.order.key, state, now(), outputs=outputs, problem=problem)
            if before is not None and before.outputs is not None:
                await texts.forget(connection, before.outputs.ref)
        return reference

    async def _verify(self, before: LedgerEntry | None, outputs: TextRef | None) -> None:
        """Look whether it is there; what the ledger has as done is looked at again, never sent again."""
        if before is not None and before.problem == UNVERIFIED:
            raise self._error(UNVERIFIED, final=True)
        async with self.engine.connect() as connection:
            bodies = await texts.read(connection, [outputs.ref] if outputs else [])
        body = bodies[outputs.ref] if outputs and outputs.ref in bodies else {}
        try:
            found = await self.connector.verify(self.call, ConnectorResult(body, body.get("reference")))
        except ConnectorFault as fault:
            # Counted by the ledger: an attempt that the breaker or our own database turned away looked at nothing.
            async with self.engine.begin() as connection:
                looks = await effects.count_look(connection, self.order.key)
            last = 0 < self.order.attempts <= looks
            raise self._error(
                UNVERIFIED, final=last or not fault.retryable, delay=_asked_for(fault)
            ) from fault
        if found.check is Check.FAILS:
            async with self.engine.begin() as connection:
                await effects.find_wanting(connection, self.order.key, UNVERIFIED)
            raise self._error(UNVERIFIED, final=True)

    def _error(self, name: str, *, final: bool, delay: timedelta | None = None) -> ApplicationError:
        return ApplicationError(
            f"{name} at {self.order.key}",
            type=name,
            non_retryable=final,
            next_retry_delay=None if final else delay,
        )


async def instruction_of(connection: AsyncConnection, outcome: ErrandOutcome) -> LocalisedText | None:
    """What a person has to do, as the connector says; None where it says nothing."""
    if outcome.kind is not OutcomeKind.NEEDS_PERSON or outcome.outputs is None:
        return None
    found = await texts.read(connection, [outcome.outputs.ref])
    return found.get(outcome.outputs.ref, {}).get(INSTRUCTION)


def unsettled(entry: LedgerEntry, settles: timedelta, timeout: timedelta) -> timedelta:
    """How long the remote may still be at work on an attempt without an answer; zero when it has settled.

    Nobody knows when a killed or cut-off attempt was sent: at the latest when its time was up.
    """
    sent = entry.last_at + (timeout if entry.state is EffectState.SENDING else timedelta(0))
    return max(timedelta(0), sent + settles - now())


def now() -> datetime:
    return datetime.now(UTC)


def _may_stand(fault: ConnectorFault) -> bool:
    return isinstance(fault, OutcomeUnknown) or (isinstance(fault, Unavailable) and fault.in_doubt)


def _refuses(fault: ConnectorFault) -> bool:
    """Whether its detail is about the failure: the body of a success holds what was made, not why it is unreadable."""
    return fault.status is None or fault.status >= 300


def _asked_for(fault: ConnectorFault) -> timedelta | None:
    return fault.retry_after if isinstance(fault, Unavailable) else None
