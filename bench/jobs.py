"""One order, done by Steadydesk and by the bare engine: open it, decide it, see its end."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from temporalio.client import WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from bench.bare_workflow import QUEUE, WORKFLOW, Start, Word, Writes
from bench.scene import APPROVER, ITEM, REQUESTER, Scene
from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.contracts.gate import Decision
from steadydesk.contracts.kept_command import OPEN, OPEN_ID, KeptCommand
from steadydesk.contracts.numbers import RecordKind, gate_id
from steadydesk.contracts.request_commands import Decide, Order, OrderedItem
from steadydesk.orchestration.requests import TASK_TIMEOUT
from steadydesk.policies.assertion import unsigned
from steadydesk.records import processes, texts
from steadydesk.records.engine import autocommit
from steadydesk.records.reservations import reserve

_ANSWERS = {"purpose": "To measure"}
_serials = count(1)


@dataclass(frozen=True)
class Direct:
    """Orders through the workflow layer: the reservation, the opening command, the decision."""

    scene: Scene

    async def open(self) -> str:
        number = await self._reserve()
        person = self.scene.people[REQUESTER]
        await self.scene.sender.open(number, actor=person, at=datetime.now(UTC), summary="Bench item")
        return number

    async def decide(self, number: str) -> None:
        gate = gate_id(number, 1)
        command = Decide(assertion=unsigned(), gate=gate, decision=Decision.APPROVED)
        await self.scene.sender.send(
            number,
            "decide",
            command,
            update_id=f"decide-{number}",
            actor=self.scene.people[APPROVER],
            at=datetime.now(UTC),
        )

    async def end(self, number: str) -> None:
        await self.scene.client.get_workflow_handle(number).result()

    async def _reserve(self) -> str:
        now, person = datetime.now(UTC), self.scene.people[REQUESTER]
        answers = texts.prepare(_ANSWERS, person)
        async with autocommit(self.scene.engine).connect() as connection:
            number = await processes.draw_number(connection, RecordKind.REQUEST)
            line = OrderedItem(item=ITEM, variables=answers.reference, requested_for=person)
            order = Order(
                number=number,
                configuration=self.scene.digest,
                opened_by=person,
                requested_for=person,
                items=[line],
            )
            await reserve(connection, order, [answers], _opening(number, person, now), "-")
        return number


def _opening(number: str, person: str, now: datetime) -> KeptCommand:
    return KeptCommand(
        holder=person,
        key=f"bench-{number}",
        number=number,
        update_id=OPEN_ID,
        name=OPEN,
        body={},
        actor=person,
        acting_for=None,
        method=AuthenticationMethod.TOKEN,
        at=now,
        summary="Bench item",
    )


@dataclass(frozen=True)
class Http:
    """Orders through the API."""

    scene: Scene

    async def open(self) -> str:
        body = {"items": [{"item": ITEM, "variables": _ANSWERS}]}
        return (await self._post("/requests", body, REQUESTER, 201))["number"]

    async def decide(self, number: str) -> None:
        await self._post(f"/approvals/{gate_id(number, 1)}/decision", {"decision": "approved"}, APPROVER, 200)

    async def end(self, number: str) -> None:
        await self.scene.client.get_workflow_handle(number).result()

    async def _post(self, path: str, body: object, user_name: str, expected: int) -> dict[str, Any]:
        status, answer = await self.scene.wire.post(path, body, self.scene.bearer(user_name))
        if status != expected:
            raise RuntimeError(f"{path} answered {status}: {answer}")
        return answer


@dataclass(frozen=True)
class Bare:
    """The same by the bare workflow."""

    scene: Scene
    writes: Writes

    async def open(self) -> str:
        number = f"bare-{self.writes.value}-{next(_serials)}"
        operation = WithStartWorkflowOperation(
            WORKFLOW,
            Start(number=number, writes=self.writes),
            id=number,
            task_queue=QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            task_timeout=TASK_TIMEOUT,
        )
        word = Word(actor=self.scene.people[REQUESTER], text="open")
        return await self.scene.client.execute_update_with_start_workflow(
            "open", word, start_workflow_operation=operation, id="open", result_type=str
        )

    async def decide(self, number: str) -> None:
        word = Word(actor=self.scene.people[APPROVER], text="approved")
        handle = self.scene.client.get_workflow_handle(number)
        await handle.execute_update("decide", word, id=f"decide-{number}", result_type=str)

    async def end(self, number: str) -> None:
        await self.scene.client.get_workflow_handle(number).result()


Job = Direct | Http | Bare
