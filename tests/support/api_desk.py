"""The whole API over a test database with the demo organisation. Commands run their record write at once, in
this process, as a worker would; nothing else of Temporal is there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx2
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from activities.approval import ApprovalActivities
from activities.grant import GrantActivities
from activities.registry import GRANTS, REQUESTS
from activities.request import RequestActivities
from activities.task import TaskActivities
from activities.transition import Transitions
from api.answered import Answered
from api.app import create_app
from api.hints import Hints
from api.kept_figures import kept_dashboards, kept_running
from api.services import Services
from steadydesk.contracts.assertion import Command
from steadydesk.contracts.directory_document import DirectoryDocument
from steadydesk.contracts.identity import Scope
from steadydesk.contracts.kept_command import OPEN, OPEN_ID
from steadydesk.contracts.request_commands import Open, Write
from steadydesk.orchestration.requests import Sender
from steadydesk.policies.assertion import Keyring, install
from steadydesk.records.bell import Bell
from steadydesk.records.directory_import import apply_directory
from steadydesk.records.engine import make_engine
from steadydesk.settings import Settings
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.api import client_of, id_of, token_of
from tests.support.databases import demo_database
from tests.support.quiet import Quiet
from tests.support.stacks import isolated_settings

KEYRING = Keyring("k1", {"k1": b"k" * 32})
NO_QUOTA = 10_000_000


class NobodyThere:
    """A Temporal that was never reached: what only wakes others goes on without it."""

    async def start_workflow(self, *_: object, **__: object) -> None:
        raise RuntimeError("no server")


class AtOnce(Sender):
    """Signs as the Temporal sender does, and runs the record write of each command, as a workflow does."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], datetime]) -> None:
        super().__init__(cast("Client", NobodyThere()), KEYRING)
        requests = Transitions(REQUESTS, engine, Quiet())
        grants = GrantActivities(Transitions(GRANTS, engine, Quiet()))
        record, gate = RequestActivities(requests), ApprovalActivities(requests)
        self._clock = clock
        self._one_after_the_other = asyncio.Lock()
        self._writes: Mapping[str, Any] = {
            "open": record.open_request,
            "cancel": record.record_cancellation,
            "comment": record.record_comment,
            "watch": record.record_watcher,
            "recall": record.record_recall,
            "resubmit": record.record_resubmission,
            "give_back": record.record_return,
            "reschedule": record.record_effective_date,
            "move": record.record_state,
            "answer_survey": record.record_survey_answer,
            "decide": gate.record_decision,
            "add_approver": gate.record_approver,
            "tell": record.record_message,
            "act_on_task": TaskActivities(requests).record_task_action,
            "revoke": grants.record_revocation,
        }

    async def _start(self, number: str, command: Open, summary: str) -> dict[str, Any]:
        assert summary
        return await self._execute(number, OPEN, command, OPEN_ID)

    async def _execute(self, number: str, command: str, body: Command, update_id: str) -> dict[str, Any]:
        write = Write[type(body)](
            number=number, step=f"u:{update_id}", at=self._clock(), run="run", command=body
        )
        try:
            async with self._one_after_the_other:
                return (await self._writes[command](write)).said
        except ApplicationError as refused:
            raise WorkflowUpdateFailedError(refused) from refused


@dataclass
class DeskServices:
    """The services of the API; ``ahead`` moves its clock."""

    engine: AsyncEngine
    settings: Settings
    keyring: Keyring = KEYRING
    temporal: Any = field(default_factory=NobodyThere)
    ahead: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.sender = AtOnce(self.engine, self.clock)
        self.answered = Answered(self.engine)
        self.patient = self.engine
        self.dashboards = kept_dashboards(self.patient, self.clock)
        self.running = kept_running(self.patient, self.clock)
        self.bell = Bell(self.engine)
        self.hints = Hints(self.engine)
        self.waker = Quiet()

    posting = Services.posting

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class ApiDesk:
    """The app, its people's tokens, and one client for all of them."""

    app: FastAPI
    services: DeskServices
    client: httpx2.AsyncClient
    tokens: dict[str, str] = field(default_factory=dict)

    async def headers(self, who: str | None, **more: str) -> dict[str, str]:
        """Signed in as ``who``; a service account with every scope. None: nobody."""
        if who is None:
            return dict(more)
        if who not in self.tokens:
            scopes = frozenset(Scope) if who.endswith(".service") else frozenset(Scope) - {Scope.ACT_FOR}
            self.tokens[who] = await token_of(self.services.engine, who, scopes)
        return {"Authorization": f"Bearer {self.tokens[who]}"} | more

    async def call(
        self, who: str | None, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx2.Response:
        sent = await self.headers(who, **{name.replace("_", "-"): value for name, value in headers.items()})
        return await self.client.request(method, f"/api/v1{path}", json=body, headers=sent)

    async def get(self, who: str | None, path: str, **headers: str) -> Any:
        response = await self.call(who, "GET", path, **headers)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, who: str | None, path: str, body: Any = None, **headers: str) -> Any:
        response = await self.call(who, "POST", path, body, **headers)
        assert response.status_code in (200, 201, 202), response.text
        return response.json()

    async def order(
        self, who: str, item: str, requested_for: str | None = None, **variables: Any
    ) -> dict[str, Any]:
        body = {"items": [{"item": item, "variables": variables}], "requested_for": requested_for}
        return await self.post(who, "/requests", body)

    @contextmanager
    def later(self, by: timedelta) -> Iterator[None]:
        """The API's clock goes ahead for the time of the block."""
        self.services.ahead = by
        try:
            yield
        finally:
            self.services.ahead = timedelta()

    def forget_quotas(self) -> None:
        """As after a restart."""
        if hasattr(self.app.state, "identity"):
            del self.app.state.identity

    async def person(self, user_name: str) -> str:
        return await id_of(self.services.engine, user_name)


@asynccontextmanager
async def api_desk(
    postgres: EmbeddedPostgres,
    name: str,
    folder: Path,
    more: Mapping[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[ApiDesk]:
    """A database of its own with the demo organisation and ``more`` people."""
    install(KEYRING)
    url = await demo_database(postgres, name)
    engine = make_engine(url, command_seconds=20)
    values = {"quota_per_minute": NO_QUOTA, "database_url": url} | settings
    services: Any = DeskServices(engine, isolated_settings(state_dir=folder, **values))
    if more:
        async with engine.begin() as connection:
            await apply_directory(connection, DirectoryDocument.model_validate(more), datetime.now(UTC))
    app = create_app(services)
    async with client_of(app) as client:
        yield ApiDesk(app, services, client)
    await services.answered.close()
    await services.dashboards.close()
    await services.running.close()
    await services.bell.close()
    await services.hints.close()
    await engine.dispose()
