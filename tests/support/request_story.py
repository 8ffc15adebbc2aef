"""Random stories of requests on the real database: whatever can happen happens, in an order that a seed fixes."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.plan import StepKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, RequestProcess, StepRun, StepState, UndoState
from steadydesk.contracts.request_commands import OutcomeKind, TaskAction
from steadydesk.policies.errands import perform_key, undo_key
from tests.support.random_plans import KINDS, WAYS_BACK
from tests.support.request_desk import Desk
from tests.support.requests import automated, manual

MOST_EVENTS = 300

Event = tuple[str, Callable[[], Awaitable[Answer]]]


def random_items(seed: int, count: int) -> dict[str, dict[str, Any]]:
    """Items ``random-0`` and so on, each with a plan of up to eight steps and every second one with an approval."""
    random = Random(seed)
    found: dict[str, dict[str, Any]] = {}
    for place in range(count):
        steps: dict[str, dict[str, Any]] = {}
        for step in range(random.randint(1, 8)):
            needs = random.sample(sorted(steps), min(len(steps), random.randint(0, 2)))
            steps[f"s{step}"] = _step(random) | {"needs": needs}
        approval = "two-stages" if place % 2 else None
        found[f"random-{place}"] = {"plan": {"steps": steps}, "approval": approval}
    return found


def _step(random: Random) -> dict[str, Any]:
    special = {"on_failure": random.choice(["fail", "skip", "ask"])}
    match random.choice(KINDS):
        case "manual":
            return manual(**special, undo=random.choice(WAYS_BACK))
        case "connector":
            return automated(**special, undo=random.choice(WAYS_BACK))
        case "approval":
            return {"kind": "approval", "label": "Approval", "policy": "board-any"}
        case "wait":
            return {"kind": "wait", "label": "Wait", "until": {"value": "2026-03-05"}}
        case _:
            return {"kind": "request", "label": "Request", "item": "simple", **special}


@dataclass
class Story:
    """One request from its order to its end."""

    desk: Desk
    kinds: dict[str, StepKind]
    random: Random
    number: str
    heard: list[str] = field(default_factory=list[str])
    returns: bool = False
    """It may be recalled, and given back after its approval."""

    async def play(self, cancel_after: int | None) -> RequestProcess:
        """Until it is closed; AssertionError with everything that happened when it is stuck or does not end."""
        for count in range(MOST_EVENTS):
            document = await self.desk.document(self.number)
            if document.closed_at is not None:
                return document
            if count == cancel_after:
                self.heard.append("cancel")
                await self.desk.cancel(self.number)
                continue
            events = list(self._events(document))
            assert events, f"it waits for nobody after {self.heard}"
            name, happen = self.random.choice(events)
            self.heard.append(name)
            await happen()
        raise AssertionError(f"it does not end: {self.heard}")

    def _events(self, document: RequestProcess) -> Iterator[Event]:
        for gate in document.gates.values():
            if gate.is_open:
                by = "otto" if gate.stage == "second" else "ann"
                verdicts = (
                    ("approved",) if document.lines[0].round > 3 else ("approved", "approved", "rejected")
                )
                for verdict in verdicts:
                    yield f"{gate.id} {verdict}", lambda g=gate.id, v=verdict, b=by: self.desk.decide(g, v, b)
        for line in document.lines:
            if line.phase is Phase.RETURNED:
                yield "resubmit", lambda it=line: self.desk.resubmit(it, self.number, {"n": it.round})
            if self.returns and line.round < 3:
                yield from self._of_return(line)
            for key, run in line.steps.items():
                yield from self._of_step(line, key, run)

    def _of_return(self, line: Line) -> Iterator[Event]:
        if line.phase is Phase.APPROVAL:
            yield "recall", lambda: self.desk.recall(self.number)
        if line.phase is Phase.FULFILMENT:
            yield "give back", lambda: self.desk.give_back(self.number)

    def _of_step(self, line: Line, key: str, run: StepRun) -> Iterator[Event]:
        if run.state is StepState.RUNNING:
            errand = perform_key(line, key)
            yield self._outcome(errand, OutcomeKind.DONE)
            yield self._outcome(errand, OutcomeKind.REFUSED, "Refused")
            yield self._outcome(errand, OutcomeKind.UNKNOWN, "OutcomeUnknown")
            if self.kinds[key] is StepKind.CONNECTOR:
                yield self._outcome(errand, OutcomeKind.NEEDS_PERSON)
            if line.phase is Phase.UNDOING:
                yield self._outcome(errand, OutcomeKind.STOPPED, "Stopped")
        if run.state is StepState.OPEN and self.kinds[key] is StepKind.WAIT:
            yield f"{key} wakes", self._ring
        if run.state is StepState.OPEN and run.child is not None:
            yield self._child(run.child, "closed_complete")
            yield self._child(run.child, "cancelled")
        if run.task is not None and run.task.is_open:
            yield from self._of_task(run, run.task.number)
        yield from self._of_undo(line, key, run)

    def _of_task(self, run: StepRun, task: str) -> Iterator[Event]:
        actions = [TaskAction.SKIP, TaskAction.FAIL]
        if run.state is StepState.DECIDING:
            actions.append(TaskAction.RETRY if run.attempt < 3 else TaskAction.ABORT)
        else:
            actions.append(TaskAction.COMPLETE)
        yield from (self._act(task, action) for action in actions)

    def _of_undo(self, line: Line, key: str, run: StepRun) -> Iterator[Event]:
        if run.undo is UndoState.RUNNING:
            yield self._outcome(undo_key(line, key), OutcomeKind.DONE, "Ended" if run.child else None)
            yield self._outcome(undo_key(line, key), OutcomeKind.REFUSED, "Refused")
            if run.child is not None:
                yield self._child(run.child, "cancelled")
            else:
                yield self._outcome(undo_key(line, key), OutcomeKind.NEEDS_PERSON)
        if run.undo_task is not None and run.undo_task.is_open:
            yield self._act(run.undo_task.number, TaskAction.COMPLETE)
            yield self._act(run.undo_task.number, TaskAction.FAIL)

    def _outcome(self, errand: str, kind: OutcomeKind, problem: str | None = None) -> Event:
        return f"{errand} {problem or kind}", lambda: self.desk.report(self.number, errand, kind, problem)

    def _child(self, child: str, outcome: str) -> Event:
        return f"{child} {outcome}", lambda: self.desk.tell(
            self.number, "child_ended", subject=child, outcome=outcome
        )

    def _act(self, task: str, action: TaskAction) -> Event:
        return f"{task} {action}", lambda: self.desk.act(self.number, task, action)

    async def _ring(self) -> Answer:
        wakes = [run.wake_at for run in (await self.desk.line(self.number)).steps.values() if run.wake_at]
        self.desk.now = max(self.desk.now, *wakes)
        return await self.desk.ring(self.number)
