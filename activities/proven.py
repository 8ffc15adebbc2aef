"""Whether an errand ended as its activity says: anybody who reaches Temporal can complete one by hand."""

from collections.abc import Awaitable, Callable
from typing import Any

from activities.same_access import Kept
from activities.work import Work
from steadydesk.contracts.audit_views import SecurityEventKind
from steadydesk.contracts.request_commands import ErrandOutcome, OutcomeKind
from steadydesk.policies.grant import kept_by
from steadydesk.policies.plan import OUTCOME_UNKNOWN
from steadydesk.records import effects
from steadydesk.records.effects import EffectState
from steadydesk.records.security import note_security_event

_UNKNOWN = ErrandOutcome(kind=OutcomeKind.UNKNOWN, problem=OUTCOME_UNKNOWN)


async def proven(
    work: Work[Any],
    errand: str,
    outcome: ErrandOutcome,
    kept: Callable[[], Awaitable[Kept | None]] | None = None,
) -> ErrandOutcome:
    """What a connector did, as the ledger has it, which is written before anything is sent. A success that it does not
    know is none: nobody knows what stands outside, and it is counted like a forged update.

    Only an undo that left the access of another grant standing has no entry: ``kept`` looks for that grant again.
    """
    if outcome.kind is not OutcomeKind.DONE:
        return outcome
    entry = await effects.find(work.connection, errand)
    if entry is not None and entry.state is EffectState.DONE and entry.problem is None:
        return ErrandOutcome(kind=OutcomeKind.DONE, outputs=entry.outputs)
    if entry is None and kept is not None and kept_by(outcome.problem) is not None:
        other = await kept()
        # The other one may have ended meanwhile; then it is no forgery, but a person has to look.
        return outcome if other is not None and other.alike else _UNKNOWN
    await note_security_event(
        work.connection,
        SecurityEventKind.FORGED_UPDATE,
        work.process.number,
        work.at,
        detail="activity completed by hand",
    )
    return _UNKNOWN
