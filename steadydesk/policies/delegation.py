"""Who may let whom decide for whom, and through whom somebody may decide at a gate."""

from collections.abc import Iterable
from datetime import datetime

from steadydesk.contracts.delegation import NewDelegation
from steadydesk.contracts.directory import ANY_FUNCTION, Approver, Person, Standing
from steadydesk.errors import InvalidInput, NotAllowed, Problem
from steadydesk.policies.rights import Permission, allowed


def check_delegation(
    new: NewDelegation, *, by: Standing, delegator: Person, delegate: Person, absent: bool, now: datetime
) -> None:
    """Raise unless ``by`` may make it: the delegator, or their manager or an administrator while they are
    absent.

    ``absent`` says whether an absence of the delegator overlaps the delegation. Only the delegator's own
    right is given: somebody who stands for them is none of the three, so no delegation makes another.
    """
    if by.person.id != delegator.id:
        _check_somebody_else(by, delegator, absent=absent)
    problems: list[Problem] = []
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


def _check_somebody_else(by: Standing, delegator: Person, *, absent: bool) -> None:
    if not may_answer_for(by, delegator):
        raise NotAllowed("Only the person, their manager or an administrator makes this delegation.")
    if not absent:
        raise NotAllowed("For somebody else only while they are absent: enter the absence first.")
