"""The agenda of a request: what its workflow has to know after each write, from its document alone."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from steadydesk.contracts.agenda import Agenda, Alarm, Facets, Waiting
from steadydesk.contracts.calendar import Calendar
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.request import RequestProcess
from steadydesk.policies.alarms import alarms, summary
from steadydesk.policies.errands import errands_of, stopped_of
from steadydesk.policies.waiting import explain

_AGAIN = timedelta(minutes=1)


def agenda_of(
    process: RequestProcess, organisation: Organisation, calendars: Mapping[str, Calendar], now: datetime
) -> Agenda:
    """The next alarm, the errands without an outcome, and the words for operators."""
    errands = errands_of(process, organisation)
    ahead = alarms(process, organisation, calendars, now)
    waiting = explain(process, organisation, calendars, now)
    return Agenda(
        version=process.version,
        closed=process.closed_at is not None and not errands and not waiting,
        errands=errands,
        stopped=stopped_of(process),
        alarm=Alarm(at=_not_in_the_past(ahead[0].at, now), summary=summary(ahead[0])) if ahead else None,
        facets=_facets(process, organisation, waiting),
        details=_details(process, waiting),
    )


def _not_in_the_past(at: datetime, now: datetime) -> datetime:
    """An alarm that its own ringing did not settle is tried again, but never in a tight loop."""
    return at if at > now else now + _AGAIN


def _facets(process: RequestProcess, organisation: Organisation, waiting: list[Waiting]) -> Facets:
    first = waiting[0] if waiting else None
    item = organisation.catalog[process.lines[0].item]
    group = next((each.group for each in waiting if each.group), item.fulfilment_group)
    return Facets(
        state=process.state.value,
        assignment_group=group,
        service=None if process.restricted_to else item.service,
        waiting_for=first.kind.value if first else None,
        due=min(
            (line.expected_at for line in process.lines if line.is_open and line.expected_at), default=None
        ),
    )


def _details(process: RequestProcess, waiting: list[Waiting]) -> str:
    # Markdown takes rows for a list only after an empty line.
    rows = [f"**{process.number}**: {process.state.value.replace('_', ' ')}", ""]
    for each in waiting:
        until = (
            f" until {each.until:%Y-%m-%d %H:%M} UTC, then {each.then}" if each.until else f"; {each.then}"
        )
        place = f"{each.subject}: " if len(process.lines) > 1 else ""
        what = each.kind.value if process.restricted_to else each.what
        since = f"{each.since:%Y-%m-%d %H:%M} UTC"
        rows.append(f"- {place}waits for {what} ({each.whom}) since {since}{until}")
    if not waiting and process.closed_at is not None:
        rows.append(f"- closed {process.closed_at:%Y-%m-%d %H:%M} UTC")
    return "\n".join(rows)
