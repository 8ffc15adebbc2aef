"""Who may decide at a stage: the directory as of now, the excluded left out, up the line, then the fallback."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from activities.work import RequestWork
from steadydesk.contracts.approval_policy import ApprovalPolicy, ApproverSource, Stage
from steadydesk.contracts.directory import Approver
from steadydesk.contracts.gate import Eligible
from steadydesk.contracts.request import Line
from steadydesk.policies.approval import can_be_satisfied
from steadydesk.records import directory_approvers as directory
from steadydesk.records.directory_facts import administrators, process_owners


@dataclass(frozen=True)
class _Candidate:
    person: str
    capacity: str


async def find_eligible(
    work: RequestWork, policy: ApprovalPolicy, stage: Stage, line: Line, values: dict[str, Any]
) -> list[Eligible]:
    """Each natural person once. Too few for the stage's rule are filled up from the fallback group.

    Who is asked and may not decide is replaced up the line first. A stage is never skipped and never stuck: without
    anybody in the fallback group, the process owners of the function decide, and after them the administrators.
    """
    excluded = _excluded(work, policy, line)
    passed = excluded | {work.process.opened_by}
    candidates = [
        found for source in stage.approvers for found in await _from(work, source, line, values, passed)
    ]
    eligible = await _people(work, candidates, excluded)
    if not _enough(stage, eligible):
        async for more in _instead(work, policy, line, candidates, passed):
            eligible = await _people(work, more, excluded) | eligible
            if _enough(stage, eligible):
                break
    if not eligible:
        last = [
            _Candidate(person, "fallback:administrators") for person in await administrators(work.connection)
        ]
        eligible = await _people(work, last, excluded)
    return list(eligible.values())


def _enough(stage: Stage, eligible: Mapping[str, Eligible]) -> bool:
    return bool(eligible) and can_be_satisfied(stage.rule, len(eligible))


async def one_level_up(
    work: RequestWork, policy: ApprovalPolicy, line: Line, present: list[Eligible]
) -> list[Eligible]:
    """The managers of those who did not decide; where there is none, the fallback group."""
    excluded = _excluded(work, policy, line) | {person.natural for person in present}
    above = [
        _Candidate(manager, "up-the-line")
        for person in present
        for manager in (await directory.line_above(work.connection, person.person))[:1]
    ]
    found = await _people(work, above, excluded)
    async for more in _fallbacks(work, policy, line):
        if found:
            break
        found = await _people(work, more, excluded)
    return list(found.values())


async def _people(
    work: RequestWork, candidates: Iterable[_Candidate], excluded: set[str]
) -> dict[str, Eligible]:
    """By natural person: those who are active, no service account and not excluded; absent ones stay."""
    wanted = {candidate.person: candidate.capacity for candidate in reversed(list(candidates))}
    if not wanted:
        return {}
    known = await directory.approvers(work.connection, {*wanted, *excluded}, None, work.at)
    never = excluded | {known[person].natural for person in excluded if person in known}
    found: dict[str, Eligible] = {}
    for person, capacity in wanted.items():
        approver = known.get(person)
        if approver is not None and _can_decide(approver) and approver.natural not in never:
            found.setdefault(
                approver.natural, Eligible(person=person, natural=approver.natural, capacity=capacity)
            )
    return found


def _can_decide(approver: Approver) -> bool:
    return approver.active and not approver.service_account


def _excluded(work: RequestWork, policy: ApprovalPolicy, line: Line) -> set[str]:
    """By reference; with each of them goes their natural person."""
    who = {"requester": work.process.opened_by, "requested_for": line.requested_for}
    return {who[name] for name in policy.exclude}


async def _instead(
    work: RequestWork, policy: ApprovalPolicy, line: Line, asked: list[_Candidate], passed: set[str]
) -> AsyncIterator[list[_Candidate]]:
    """Those above the asked who may not decide, then the fallbacks."""
    known = await directory.approvers(work.connection, {one.person for one in asked}, None, work.at)
    barred = [p for p, found in known.items() if p in passed or not _can_decide(found)]
    yield [above for person in barred for above in await _up_from(work, person, passed)]
    async for more in _fallbacks(work, policy, line):
        yield more


async def _fallbacks(
    work: RequestWork, policy: ApprovalPolicy, line: Line
) -> AsyncIterator[list[_Candidate]]:
    """The policy's own group, then whoever owns the processes of the item's function."""
    yield await _group(work, policy.fallback, f"fallback:{policy.fallback}")
    function = work.organisation.catalog[line.item].function
    owners = await process_owners(work.connection, function)
    yield [_Candidate(person, f"fallback:process_owner@{function}") for person in owners]


async def _from(
    work: RequestWork, source: ApproverSource, line: Line, values: dict[str, Any], passed: set[str]
) -> list[_Candidate]:
    if source.group is not None:
        return await _group(work, source.group, f"group:{source.group}")
    if source.manager_of is not None:
        of = work.process.opened_by if source.manager_of == "requester" else line.requested_for
        return await _up_from(work, of, passed)
    if source.owner_of is not None:
        owner = _owner(work, source.owner_of, line)
        return await _group(work, owner, f"group:{owner}")
    named = source.person if source.person is not None else values["variables"].get(source.field)
    return await _named(work, named, passed) if isinstance(named, str) else []


async def _named(work: RequestWork, named: str, passed: set[str]) -> list[_Candidate]:
    """A person by user name or reference, else a group; a person who cannot decide is replaced up the line."""
    ids = await directory.people_by_name(work.connection, [named])
    person = ids.get(named.lower(), named)
    known = await directory.approvers(work.connection, [person], None, work.at)
    if person not in known:
        return await _group(work, named, f"group:{named}")
    if not _can_decide(known[person]) or person in passed:
        return await _up_from(work, person, passed)
    return [_Candidate(person, "own")]


async def _up_from(work: RequestWork, person: str, passed: set[str]) -> list[_Candidate]:
    """The nearest active manager who is not ``passed`` over."""
    above = await directory.line_above(work.connection, person)
    return [_Candidate(manager, "manager") for manager in above if manager not in passed][:1]


async def _group(work: RequestWork, key: str, capacity: str) -> list[_Candidate]:
    return [_Candidate(person, capacity) for person in await directory.group_members(work.connection, key)]


def _owner(work: RequestWork, what: str, line: Line) -> str:
    item = work.organisation.catalog[line.item]
    return (
        work.organisation.services[item.service].owner if what == "service" and item.service else item.owner
    )
