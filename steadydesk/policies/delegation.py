"""Who may let whom decide for whom, and through whom somebody may decide at a gate."""

from collections.abc import Iterable
from datetime import datetime

from steadydesk.contracts.delegation import NewDelegation
from steadydesk.contracts.directory import ANY_FUNCTION, Approver, Person, Standing
from steadydesk.errors import InvalidInput, NotAllowed, Problem
from steadydesk.policies.rights import Permission, allowed

Span = tuple[datetime, datetime]
"""When something begins, and when it ends."""


def away_during(absences: Iterable[Span], begin: datetime, end: datetime) -> Span | None:
    """The absence that overlaps [begin, end) first, with those that follow it without a gap; None for none."""
    found: Span | None = None
    for begins_at, ends_at in sorted(absences):
        if found is None and begins_at < end and ends_at > begin:
            found = begins_at, ends_at
        elif found is not None and begins_at <= found[1]:
            found = found[0], max(found[1], ends_at)
    return found


def is_within(away: Span | None, begin: datetime, end: datetime) -> bool:
    """Whether the whole of [begin, end) lies in the absence."""
    return away is not None and away[0] <= begin and end <= away[1]


def check_delegation(
    new: NewDelegation,
    *,
    by: Standing,
    delegator: Person,
    delegate: Person,
    away: Span | None,
    now: datetime,
) -> None:
    """Raise unless ``by`` may make it: the delegator, or their manager or an administrator while they are
    absent.

    ``away`` is the absence of the delegator that overlaps the delegation (``away_during``): what others make begins
    and ends with it. An administrator, who may have no sight of what the delegator decides, cannot give it to
    themselves. Only the delegator's own right is given: somebody who stands for them is none of the three, so no
    delegation makes another.
    """
    problems: list[Problem] = []
    if by.person.id != delegator.id:
        problems += _check_somebody_else(by, delegator, new, away, now)
        problems += _check_not_for_themselves(by, delegator, delegate)
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
    by: Standing, delegator: Person, new: NewDelegation, away: Span | None, now: datetime
) -> list[Problem]:
    if not may_answer_for(by, delegator):
        raise NotAllowed("Only the person, their manager or an administrator makes this delegation.")
    if away is None:
        raise NotAllowed("For somebody else only while they are absent: enter the absence first.")
    since, until = away
    problems: list[Problem] = []
    if max(new.begins_at, now) < since:
        words = f"for somebody else it begins with the absence, not before {since.isoformat()}"
        problems.append(Problem("/begins_at", words))
    if new.ends_at > until:
        words = f"for somebody else it ends with the absence, by {until.isoformat()}"
        problems.append(Problem("/ends_at", words))
    return problems


def _check_not_for_themselves(by: Standing, delegator: Person, delegate: Person) -> list[Problem]:
    if delegate.natural != by.person.natural or by.person.id == delegator.manager:
        return []
    return [Problem("/delegate", "an administrator names somebody else than themselves")]
