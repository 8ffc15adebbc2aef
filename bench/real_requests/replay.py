"""Repeats one case at the desk, event by event, and says whether the request agrees with the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bench.real_requests.account import account_of
from bench.real_requests.case import REQUESTER, Act, Case, Event, in_order
from bench.real_requests.desk import Desk, DeskError
from bench.real_requests.house import Cast
from bench.real_requests.rules import rule_for
from bench.real_requests.script import Action, Kind, script_of


class Verdict(StrEnum):
    MATCHED = "matched"
    EXPLAINED = "explained"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Outcome:
    """``why`` is the rule that explains the case, or what did not agree; ``number`` the request's."""

    case: Case
    verdict: Verdict
    number: str | None = None
    why: str | None = None


class MismatchError(Exception):
    """The request is not where the log says it was."""


async def replay(case: Case, desk: Desk, cast: Cast, place: int) -> Outcome:
    """Matched or explained when every event could be repeated and the record tells the same story."""
    events = in_order(case)
    explained = rule_for(events) if events else None
    events = events[: explained[1]] if explained else events
    run = _Run(desk, cast, cast.of(place))
    try:
        await run.repeat(case, events)
    except (MismatchError, DeskError, ValueError, TimeoutError) as problem:
        return Outcome(case, Verdict.UNEXPLAINED, run.number, f"{type(problem).__name__}: {problem}")
    if explained:
        return Outcome(case, Verdict.EXPLAINED, run.number, explained[0].name)
    return Outcome(case, Verdict.MATCHED, run.number)


class _Run:
    """One request on its way: its number, its people, and the phase in which the log left it."""

    def __init__(self, desk: Desk, cast: Cast, people: dict[str, str]) -> None:
        self.number: str | None = None
        self._desk = desk
        self._cast = cast
        self._people = people
        self._phase = ""

    async def repeat(self, case: Case, events: Sequence[Event]) -> None:
        if not case.events:
            raise MismatchError("the log tells nothing of it")
        for action in script_of(case, events):
            await self._do(action)
            self._phase = action.leaves
        if self.number is not None:
            await self._agree(events)

    async def _do(self, action: Action) -> None:
        if action.role not in self._people:
            raise MismatchError(f"nobody was made for the role {action.role}")
        who = self._people[action.role]
        if action.kind is Kind.ORDER:
            order = {"items": [{"item": "expense-payment", "variables": action.answers}]}
            self.number = (await self._desk.command(who, "requests", order))["number"]
            return
        request = await self._read()
        if action.kind in (Kind.APPROVE, Kind.REJECT):
            await self._decide(who, action, request)
        elif action.kind in (Kind.COMPLETE, Kind.SKIP):
            task = _open(request["tasks"], "short_description", action.subject)
            await self._desk.command(who, f"tasks/{task['number']}/{action.kind.value}", {})
        elif action.kind is Kind.GIVE_BACK:
            await self._give_back(who)
        else:
            await self._by_requester(who, action)

    async def _decide(self, who: str, action: Action, request: dict[str, Any]) -> None:
        gate = _open(request["approvals"], "stage", action.subject)
        yes = {"decision": "approved"}
        body = yes if action.kind is Kind.APPROVE else {"decision": "rejected", "comment": "As in the log"}
        await self._desk.command(who, f"approvals/{gate['id']}/decision", body)

    async def _give_back(self, who: str) -> None:
        """What was done already is taken back by hand, which the log does not tell."""
        at = f"requests/{self.number}"
        await self._desk.command(who, f"{at}/return", {})
        for task in (await self._desk.read(who, at))["tasks"]:
            if task["open"]:
                await self._desk.command(who, f"tasks/{task['number']}/complete", {})

    async def _by_requester(self, who: str, action: Action) -> None:
        at = f"requests/{self.number}"
        if action.kind is Kind.RESUBMIT:
            await self._desk.command(who, f"{at}/resubmit", {"variables": action.answers})
        elif action.kind is Kind.RECALL:
            await self._desk.command(who, f"{at}/recall", {})
        elif action.kind is Kind.TAKE_BACK:
            await self._desk.command(who, f"{at}/comments", {"text": "I take it back to change it."})
        else:
            await self._desk.command(who, f"{at}/cancel", {})

    async def _read(self) -> dict[str, Any]:
        """The request as its requester sees it, where the log left it."""
        if self.number is None:
            raise MismatchError("the log does something with a request before it is submitted")
        request = await self._desk.read(self._people[REQUESTER], f"requests/{self.number}")
        phase = request["items"][0]["phase"]
        if phase != self._phase:
            raise MismatchError(f"after the log it is in {self._phase}, here in {phase}")
        return request

    async def _agree(self, events: Sequence[Event]) -> None:
        """The record's state and its own account are those of the log."""
        await self._read()
        assert self.number is not None
        told = await account_of(self._desk, self._cast, self.number, self._people[REQUESTER])
        expected = [event.words for event in events if event.act is not Act.SAVED]
        if told != expected:
            raise MismatchError(f"the log tells {' | '.join(expected)}; the record {' | '.join(told)}")


def _open(entries: Sequence[dict[str, Any]], name: str, wanted: str) -> dict[str, Any]:
    """The open gate or task of the log's event; what is open instead stands in the error."""
    open_ones = [entry for entry in entries if entry.get("open", entry["state"] == "requested")]
    for entry in open_ones:
        if entry[name] == wanted:
            return entry
    raise MismatchError(
        f"the log has '{wanted}' next, open is {[entry[name] for entry in open_ones] or 'nothing'}"
    )
