"""Whether an errand ended as its activity says: anybody who reaches Temporal can complete one by hand."""

from typing import Any

from activities.work import Work
from steadydesk.contracts.audit_views import SecurityEventKind
from steadydesk.contracts.request_commands import ErrandOutcome, OutcomeKind
from steadydesk.policies.plan import OUTCOME_UNKNOWN
from steadydesk.records import effects
from steadydesk.records.effects import EffectState
from steadydesk.records.security import note_security_event


async def proven(work: Work[Any], errand: str, outcome: ErrandOutcome) -> ErrandOutcome:
    """The outcome, unless it is a success of which the ledger knows that it was sent and never answered, or refused:
    then nobody knows what stands outside, and it is counted like a forged update.
    """
    if outcome.kind is not OutcomeKind.DONE:
        return outcome
    entry = await effects.find(work.connection, errand)
    if entry is None or (entry.state is EffectState.DONE and entry.problem is None):
        return outcome
    await note_security_event(
        work.connection,
        SecurityEventKind.FORGED_UPDATE,
        work.process.number,
        work.at,
        detail="activity completed by hand",
    )
    return ErrandOutcome(kind=OutcomeKind.UNKNOWN, problem=OUTCOME_UNKNOWN)
