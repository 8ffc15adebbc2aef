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


class _Known:
    """What was read about people for one gate: each is read once, ``also`` with the first of them.

    Only ``also`` may leave before the transaction ends: the gate of anybody else hears of it.
    """

    def __init__(self, work: RequestWork, also: set[str]) -> None:
        self._work = work
        self._also = also
        self._asked: set[str] = set()
        self._found: dict[str, Approver] = {}

    async def of(self, people: set[str]) -> dict[str, Approver]:
        """As of now, by id; unknown ids are missing."""
        if missing := people - self._asked:
            wanted = missing | self._also
            found = await directory.approvers(
                self._work.connection, wanted, None, self._work.at, staying=missing - self._also
            )
            self._keep(wanted, found)
        return {person: self._found[person] for person in people if person in self._found}

    async def above(self, person: str) -> list[str]:
        """Active managers up the line, nearest first."""
        wanted = self._also - self._asked
        line, found = await directory.approvers_above(self._work.connection, person, wanted, self._work.at)
        self._keep(wanted, found)
        return line

    def _keep(self, asked: set[str], found: Mapping[str, Approver]) -> None:
        self._found |= found
        self._asked |= asked | found.keys()


@dataclass(frozen=True)
class _Search:
    """For whom approvers are looked for. ``excluded`` may not decide, nor may another account of the same person;
    ``passed`` are passed over on the way up the line.
    """

    work: RequestWork
    policy: ApprovalPolicy
    line: Line
    excluded: set[str]
    passed: set[str]
    known: _Known


def _search(
    work: RequestWork, policy: ApprovalPolicy, line: Line, also_excluded: Iterable[str] = ()
) -> _Search:
    who = {"requester": work.process.opened_by, "requested_for": line.requested_for}
    excluded = {who[name] for name in policy.exclude} | set(also_excluded)
    # Nobody is asked at a gate that they do not see.
    excluded |= work.process.kept_from(work.at)
    passed = excluded | {work.process.opened_by}
    return _Search(work, policy, line, excluded, passed, _Known(work, excluded))


async def find_eligible(
    work: RequestWork, policy: ApprovalPolicy, stage: Stage, line: Line, values: dict[str, Any]
) -> list[Eligible]:
    """Each natural person once. Too few for the stage's rule are filled up from the fallback group.

    Who is asked and may not decide is replaced up the line first. A stage is never skipped and never stuck: without
    anybody in the fallback group, the process owners of the function decide, and after them the administrators.
    """
    search = _search(work, policy, line)
    candidates = [found for source in stage.approvers for found in await _from(search, source, values)]
    eligible = await _people(search, candidates)
    if not _enough(stage, eligible):
        async for more in _instead(search, candidates):
            eligible = await _people(search, more) | eligible
            if _enough(stage, eligible):
                break
    if not eligible:
        last = [
            _Candidate(person, "fallback:administrators") for person in await administrators(work.connection)
        ]
        eligible = await _people(search, last)
    return list(eligible.values())


def _enough(stage: Stage, eligible: Mapping[str, Eligible]) -> bool:
    return bool(eligible) and can_be_satisfied(stage.rule, len(eligible))


async def one_level_up(
    work: RequestWork, policy: ApprovalPolicy, line: Line, present: list[Eligible]
) -> list[Eligible]:
    """The managers of those who did not decide; where there is none, the fallback group."""
    search = _search(work, policy, line, [person.natural for person in present])
    above = [
        _Candidate(manager, "up-the-line")
        for person in present
        for manager in (await search.known.above(person.person))[:1]
    ]
    found = await _people(search, above)
    async for more in _fallbacks(search):
        if found:
            break
        found = await _people(search, more)
    return list(found.values())


async def _people(search: _Search, candidates: Iterable[_Candidate]) -> dict[str, Eligible]:
    """By natural person: those who are active, no service account and not excluded; absent ones stay."""
    wanted = {candidate.person: candidate.capacity for candidate in reversed(list(candidates))}
    if not wanted:
        return {}
    excluded = search.excluded
    known = await search.known.of({*wanted, *excluded})
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


async def _instead(search: _Search, asked: list[_Candidate]) -> AsyncIterator[list[_Candidate]]:
    """Those above the asked who may not decide, then the fallbacks."""
    known = await search.known.of({one.person for one in asked})
    barred = [
        person
        for person in dict.fromkeys(one.person for one in asked)
        if person in known and (person in search.passed or not _can_decide(known[person]))
    ]
    yield [above for person in barred for above in await _up_from(search, person)]
    async for more in _fallbacks(search):
        yield more


async def _fallbacks(search: _Search) -> AsyncIterator[list[_Candidate]]:
    """The policy's own group, then whoever owns the processes of the item's function."""
    yield await _group(search, search.policy.fallback, f"fallback:{search.policy.fallback}")
    function = search.work.organisation.catalog[search.line.item].function
    owners = await process_owners(search.work.connection, function)
    yield [_Candidate(person, f"fallback:process_owner@{function}") for person in owners]


async def _from(search: _Search, source: ApproverSource, values: dict[str, Any]) -> list[_Candidate]:
    if source.group is not None:
        return await _group(search, source.group, f"group:{source.group}")
    if source.manager_of is not None:
        requester = search.work.process.opened_by
        return await _up_from(
            search, requester if source.manager_of == "requester" else search.line.requested_for
        )
    if source.owner_of is not None:
        owner = _owner(search, source.owner_of)
        return await _group(search, owner, f"group:{owner}")
    named = source.person if source.person is not None else values["variables"].get(source.field)
    return await _named(search, named) if isinstance(named, str) else []


async def _named(search: _Search, named: str) -> list[_Candidate]:
    """A person by user name or reference, else a group; a person who cannot decide is replaced up the line."""
    ids = await directory.people_by_name(search.work.connection, [named])
    person = ids.get(named.lower(), named)
    known = await search.known.of({person})
    if person not in known:
        return await _group(search, named, f"group:{named}")
    if not _can_decide(known[person]) or person in search.passed:
        return await _up_from(search, person)
    return [_Candidate(person, "own")]


async def _up_from(search: _Search, person: str) -> list[_Candidate]:
    """The nearest active manager who is not passed over."""
    above = await search.known.above(person)
    return [_Candidate(manager, "manager") for manager in above if manager not in search.passed][:1]


async def _group(search: _Search, key: str, capacity: str) -> list[_Candidate]:
    members = await directory.group_members(search.work.connection, key)
    return [_Candidate(person, capacity) for person in members]


def _owner(search: _Search, what: str) -> str:
    organisation = search.work.organisation
    item = organisation.catalog[search.line.item]
    return organisation.services[item.service].owner if what == "service" and item.service else item.owner
