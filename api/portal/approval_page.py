"""The page of an approval: everything that its reader needs to decide, and what they can do there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from api.portal.answer_words import Answered, answers_in_words
from api.portal.approval_words import (
    Change,
    capacity_words,
    differences,
    item_of,
    outlook_words,
    policy_of,
    policy_words,
)
from api.portal.deciding import askers
from api.portal.page import Page
from api.portal.progress import Wait, waits_of
from api.portal.timeline import talk
from steadydesk.contracts.form import Form
from steadydesk.contracts.gate import Ballot, Decision, Gate
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import ordinal_of
from steadydesk.contracts.views import ApprovalView, LineView, PersonRef, TimelineEntry
from steadydesk.errors import UnknownRecord
from steadydesk.policies.rights import Verb, may
from steadydesk.records.engine import Connection
from steadydesk.records.views.approval_page import ApprovalContent, approval_content

_WORDS = 12
"""So many of the newest comments are on the page; all of them are on the request's."""


@dataclass(frozen=True)
class AskedPerson:
    """Somebody who is asked at the gate: why, what they said, and who stands in for them now."""

    person: PersonRef
    why: str
    state: str
    at: datetime | None
    voter: PersonRef | None
    """Who voted for them, where it was a delegate."""
    said: str | None
    stand_ins: list[PersonRef]
    away: datetime | None


@dataclass(frozen=True)
class Can:
    """What the reader can do now; ``why_not`` names the words for somebody who cannot decide."""

    decide: bool
    ask: bool
    withdraw: bool
    add: bool
    why_not: str | None


@dataclass(frozen=True)
class Case:
    """What the templates show of one approval. ``names`` are (user name, name) of those for whom the reader may decide
    as their delegate.
    """

    content: ApprovalContent
    view: ApprovalView
    line: LineView
    answers: list[Answered]
    changes: list[Change]
    asked: list[AskedPerson]
    earlier: list[tuple[ApprovalView, list[AskedPerson]]]
    policy: str
    rules: list[str]
    waits: list[Wait]
    said: list[TimelineEntry]
    yes: str
    no: str
    can: Can
    names: list[tuple[str, str]]
    vote: Ballot | None
    """The reader's own that stands."""


async def read_case(connection: Connection, page: Page, gate_id: str) -> Case:
    """UnknownRecord for what is not there, or not for the reader."""
    content = await approval_content(connection, page.viewer, gate_id)
    line = _line(content) if content else None
    if content is None or line is None:
        raise UnknownRecord("there is no such approval, or it is not for you to see")
    view, gate = content.view, content.gate
    waiting = [each for each in content.request.view.waiting if each.subject == gate.id]
    names = delegators(page, content)
    item = item_of(content)
    return Case(
        content=content,
        view=view,
        line=line,
        answers=list(
            answers_in_words(page, item.form if item else Form(), _answers(content, line), content.named)
        ),
        changes=differences(page, content),
        asked=list(_asked(page, content, gate, view)),
        earlier=list(_earlier(page, content)),
        policy=in_language(policy_of(content).label, page.language),
        rules=policy_words(page, content),
        waits=waits_of(content.request, waiting, page.words),
        said=talk(content.request)[-_WORDS:],
        yes=outlook_words(page, content, Decision.APPROVED) if gate.is_open else "",
        no=outlook_words(page, content, Decision.REJECTED) if gate.is_open else "",
        can=_can(page, content, names),
        names=names,
        vote=_own_vote(page, gate),
    )


def delegators(page: Page, content: ApprovalContent) -> list[tuple[str, str]]:
    """User name and name of those who have not voted and for whom the reader may decide here."""
    gate = content.gate
    if not policy_of(content).stages[gate.stage].may_delegate:
        return []
    covered = {
        one.delegator
        for one in page.caller.standing.stands_for
        if one.policies is None or gate.policy in one.policies
    }
    voted = {ballot.natural for ballot in gate.ballots}
    found = [one.person for one in gate.eligible if one.person in covered and one.natural not in voted]
    people = [content.request.names.of(person) for person in found]
    return [(one.user_name, one.name) for one in people if one.user_name]


def _line(content: ApprovalContent) -> LineView | None:
    return next((line for line in content.request.view.items if line.number == content.gate.line), None)


def _answers(content: ApprovalContent, line: LineView) -> dict[str, object]:
    """Those that were decided on; for an open gate the present ones, which differ in nothing that is material."""
    if content.gate.is_open or not content.answers:
        return line.variables
    return dict(content.answers)


def _own_vote(page: Page, gate: Gate) -> Ballot | None:
    """Cast by the reader, for themselves or for somebody else."""
    me = page.caller.person
    return next((one for one in gate.ballots if me.id == one.voter or me.natural == one.natural), None)


def _can(page: Page, content: ApprovalContent, names: list[tuple[str, str]]) -> Can:
    gate = content.gate
    why_not = _why_not(page, content, names)
    return Can(
        decide=why_not is None,
        ask=gate.is_open and gate.question is None and why_not in (None, "voted"),
        withdraw=gate.is_open and _own_vote(page, gate) is not None,
        add=gate.is_open and may(Verb.ADD_APPROVER, content.request.view.relations),
        why_not=why_not,
    )


def _why_not(page: Page, content: ApprovalContent, names: list[tuple[str, str]]) -> str | None:
    gate, me = content.gate, page.caller.person
    if not gate.is_open:
        return "closed"
    if askers(content.request, gate, policy_of(content)) & {me.id, me.natural}:
        return "own"
    if _own_vote(page, gate) is not None:
        return "voted"
    asked = any(me.natural == one.natural for one in gate.eligible)
    return None if asked or names else "not_asked"


def _asked(page: Page, content: ApprovalContent, gate: Gate, view: ApprovalView) -> Iterator[AskedPerson]:
    """In the order of their votes, then of their names."""
    people = sorted(view.approvers, key=lambda one: (one.state == "requested", one.person.name))
    for one in people:
        by = one.decided_by
        yield AskedPerson(
            person=one.person,
            why=capacity_words(page, content, one.capacity),
            state=one.state,
            at=one.decided_at,
            voter=by if by and by.id != one.person.id else None,
            said=content.request.words.get(f"{gate.id}:{by.id}") if by else None,
            stand_ins=_deputies(content, gate, one.person.id),
            away=content.away.get(one.person.id) if gate.is_open else None,
        )


def _deputies(content: ApprovalContent, gate: Gate, person: str) -> list[PersonRef]:
    if gate.id != content.gate.id or not gate.is_open:
        return []
    if not policy_of(content).stages[gate.stage].may_delegate:
        return []
    found = {one.deputy.id: one.deputy for one in content.stand_ins if one.whose == person}
    return list(found.values())


def _earlier(page: Page, content: ApprovalContent) -> Iterator[tuple[ApprovalView, list[AskedPerson]]]:
    """The other approvals of the same line, the newest first."""
    gates = content.request.process.gates
    for view in _newest_first(content.request.view.approvals):
        gate = gates.get(view.id)
        if gate is not None and gate.line == content.gate.line and view.id != content.gate.id:
            yield view, [one for one in _asked(page, content, gate, view) if one.at is not None]


def _newest_first(views: Iterable[ApprovalView]) -> list[ApprovalView]:
    return sorted(views, key=lambda view: (view.opened_at, ordinal_of(view.id)), reverse=True)
