"""Changing what a running service clock has promised: its target, its calendar or its start."""

from datetime import datetime, timedelta

from steadydesk.contracts.sla import SlaClock
from steadydesk.policies.sla_errors import ClockError
from steadydesk.policies.sla_measure import Calendars, elapsed, needed, settle, with_fired
from steadydesk.policies.sla_segments import beginning, changed, in_order, in_utc, must_be_open, switched


def retarget(
    clock: SlaClock,
    calendars: Calendars,
    at: datetime,
    *,
    target: timedelta | None = None,
    calendar: str | None = None,
) -> SlaClock:
    """Another target or calendar from ``at`` on; used and paused time stay as they were counted.

    Marks that the used time no longer reaches are taken back, and fire again in their turn; what a shorter
    target makes due is due at ``at``. Nothing changes when the terms are the same. Raises ClockStageError
    when it has ended, ClockOrderError, MissingCalendarError; ClockError for no target.
    """
    at = in_order(clock, at)
    must_be_open(clock, "retarget")
    target, calendar = target if target is not None else clock.target, calendar or clock.calendar
    if target <= timedelta(0):
        raise ClockError(f"a target must be longer than {target}")
    if (target, calendar) == (clock.target, clock.calendar):
        return clock
    settled = settle(clock, calendars, at)
    on_new_terms = settled.model_copy(update={"target": target, "calendar": calendar})
    if calendar != clock.calendar:
        last = clock.segments[-1]
        segments = switched(on_new_terms, at, last.kind, last.reason)
        on_new_terms = on_new_terms.model_copy(update={"segments": segments})
    return _on_terms_since(on_new_terms, calendars, at)


def reschedule(clock: SlaClock, calendars: Calendars, at: datetime, started_at: datetime) -> SlaClock:
    """As if it had started at another instant: earlier time counts as running, time before a later one not.

    Marks are treated, and errors raised, as by ``retarget``.
    """
    at = in_order(clock, at)
    must_be_open(clock, "reschedule")
    begin = in_utc(started_at)
    if begin == clock.started_at:
        return clock
    settled = settle(clock, calendars, at)
    moved = {"started_at": begin, "segments": beginning(clock.segments, begin)}
    return _on_terms_since(settled.model_copy(update=moved), calendars, at)


def _on_terms_since(clock: SlaClock, calendars: Calendars, at: datetime) -> SlaClock:
    """The clock with its new terms in force since ``at`` and only the marks that its used time reaches."""
    used = elapsed(clock, calendars, at)
    kept = tuple(mark for mark in clock.fired if used >= needed(clock.target, mark.percent))
    return with_fired(changed(clock, at, terms_since=at), kept)
