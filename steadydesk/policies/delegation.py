"""Who may let whom decide for whom, and through whom somebody may decide at a gate."""

from collections.abc import Iterable
from datetime import datetime

from steadydesk.contracts.delegation import NewDelegation
from steadydesk.contracts.directory import ANY_FUNCTION, Approver, Person, Standing
from steadydesk.errors import InvalidInput, NotAllowed, Problem
from steadydesk.policies.rights import Permission, allowed


def away_until(
    absences: Iterable[tuple[datetime, datetime]], begin: datetime, end: datetime
) -> datetime | None:
    """The end of the absence that overlaps [begin, end) first, with those that follow it without a gap; None for none.
    Each absence is its begin and its end.
    """
    until: datetime | None = None
    for begins_at, ends_at in sorted(absences):
        if until is None and begins_at < end and ends_at > begin:
            until = ends_at
        elif until is not None and begins_at <= until:
            until = max(until, ends_at)
    return until


def check_delegation(
    new: NewDelegation,
    *,
    by: Standing,
    delegator: Person,
    delegate: Person,
    absent_until: datetime | None,
    now: datetime,
) -> None:
    """Raise unless ``by`` may make it: the delegator, or their manager or an administrator while they are
    absent.

    ``absent_until`` is when the absence of the delegator that overlaps the delegation ends (``away_until``): what
    others make ends with it. Only the delegator's own right is given: somebody who stands for them is none of the
    three, so no delegation makes another.
    """
    problems: list[Problem] = []
    if by.person.id != delegator.id:
        problems += _check_somebody_else(by, delegator, new, absent_until)
    if new.ends_at <= now:
        problems.append(Problem("/ends_at", "the delegation would be over already"))
    if not delegator.active:
        problems.append(Problem("/delegator", "this person is not active"))
    if not delegate.active:
        problems.append(Problem("/delegate", "this person is not active"))
    if delegate.service_account or delegator.service_account:
        problems.append(
            Problem("/delegate", "service accounts do not vote, so none can delegate or stand in")
        )
    if delegate.natural == delegator.natural:
        problems.append(Problem("/delegate", "this is another account of the same person"))
    if problems:
        raise InvalidInput("The delegation is not possible.", problems=problems)


def may_answer_for(by: Standing, whom: Person) -> bool:
    """Whether ``by`` is the person, their manager, or an administrator of the whole organisation."""
    return by.person.id in (whom.id, whom.manager) or allowed(by, Permission.MANAGE_DIRECTORY, ANY_FUNCTION)


def entitled_through(voter: str, eligible: Iterable[Approver]) -> str | None:
    """The eligible person through whom ``voter`` may decide: themselves first, else one who named them
    delegate.

    Only delegates named by the eligible person count; a delegate's own delegates do not appear here at all.
    """
    people = list(eligible)
    if any(one.person == voter for one in people):
        return voter
    return next((one.person for one in people if voter in one.delegates), None)


def _check_somebody_else(
    by: Standing, delegator: Person, new: NewDelegation, until: datetime | None
) -> list[Problem]:
    if not may_answer_for(by, delegator):
        raise NotAllowed("Only the person, their manager or an administrator makes this delegation.")
    if until is None:
        raise NotAllowed("For somebody else only while they are absent: enter the absence first.")
    if new.ends_at <= until:
        return []
    return [Problem("/ends_at", f"for somebody else it ends with the absence, by {until.isoformat()}")]
