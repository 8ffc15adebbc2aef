"""Everything that a worker can do, built once from the settings; the tests hold that nothing is missing."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from activities.advance import advance
from activities.anchor import AnchorActivities, anchor_routine
from activities.approval import ApprovalActivities
from activities.child import ChildActivities
from activities.clock import ClockActivities
from activities.delivery import Carriers, Deliveries
from activities.errand import ErrandActivities
from activities.grant import GrantActivities
from activities.grant_effects import rest
from activities.grant_projection import project_grant
from activities.mail import MailCarrier, mail_server
from activities.people_left import ProcessCarrier
from activities.plan import PlanActivities
from activities.projection import project
from activities.request import RequestActivities
from activities.security import SecurityActivities
from activities.stuck import STUCK_ROUTINE, StuckActivities
from activities.sweep import SWEEP_ROUTINE, SweepActivities
from activities.task import TaskActivities
from activities.transition import Book, Transitions
from steadydesk.connectors.registry import Surroundings, load_registry
from steadydesk.connectors.webhook import WebhookSender
from steadydesk.contracts.grant import GrantProcess
from steadydesk.contracts.request import RequestProcess
from steadydesk.contracts.routine import Routine
from steadydesk.egress.guard import EgressGuard
from steadydesk.orchestration.deliveries import Waker, start_sweep
from steadydesk.orchestration.requests import Sender
from steadydesk.orchestration.routines import start_routines
from steadydesk.policies.agenda import agenda_of
from steadydesk.policies.assertion import installed
from steadydesk.policies.grant import grant_agenda
from steadydesk.records.bell import Bell
from steadydesk.records.engine import make_engine
from steadydesk.records.subscription import seal_anew
from steadydesk.settings import Settings

Activities = list[Callable[..., Any]]

REQUESTS = Book(RequestProcess, advance, project, agenda_of)
GRANTS = Book(GrantProcess, rest, project_grant, grant_agenda)
_PATIENT_SECONDS = 10.0


class Staff:
    """The activity objects of one worker process, by the queue that they serve."""

    def __init__(self, settings: Settings, client: Client, engine: AsyncEngine, patient: AsyncEngine) -> None:
        self.client = client
        self._patient = patient
        self.waker = Waker(client)
        self.bell = Bell(patient)
        self.transitions = Transitions(REQUESTS, engine, self.waker, settings.public_url, self.bell)
        self.grants = Transitions(GRANTS, engine, self.waker, settings.public_url, self.bell)
        self.sender = Sender(client, installed())
        self.surroundings = Surroundings(EgressGuard(settings.egress_allow))
        self.errands = ErrandActivities(patient, load_registry(), self.surroundings, os.environ)
        self.children = ChildActivities(patient, self.sender)
        self._deliveries = Deliveries(
            patient, client, _carriers(settings, patient, self.surroundings, self.sender), bell=self.bell
        )
        self._anchors = AnchorActivities.of(settings, patient, self.surroundings)
        self._stuck = StuckActivities(patient, client)
        self._security = SecurityActivities(patient)
        self._sweep = SweepActivities(patient, self.sender)
        self.routines: list[Routine] = [anchor_routine(settings), STUCK_ROUTINE, SWEEP_ROUTINE]

    @classmethod
    @asynccontextmanager
    async def at_work(cls, settings: Settings, client: Client) -> AsyncIterator["Staff"]:
        """The staff with its database connections; ``patient`` ones may wait, for no workflow task waits for them."""
        assert settings.database_url is not None, "STEADYDESK_DATABASE_URL is not set"
        engine = make_engine(settings.database_url, by_key=True, name="steadydesk-worker")
        patient = make_engine(
            settings.database_url, command_seconds=_PATIENT_SECONDS, name="steadydesk-effects"
        )
        staff = cls(settings, client, engine, patient)
        try:
            yield staff
        finally:
            await staff.close()
            await engine.dispose()
            await patient.dispose()

    async def close(self) -> None:
        """End what goes on in the background, before the connections go."""
        await self.waker.close()
        await self.bell.close()

    async def start_routines(self) -> None:
        """What runs by itself as long as there is a worker; first, secrets are sealed with the current key."""
        async with self._patient.begin() as connection:
            await seal_anew(connection, installed())
        await start_sweep(self.client)
        await start_routines(self.client, self.routines)

    def records(self) -> Activities:
        transitions = self.transitions
        requests = RequestActivities(transitions)
        approvals = ApprovalActivities(transitions)
        grants = GrantActivities(self.grants)
        return [
            requests.open_request,
            requests.take_up_request,
            requests.record_cancellation,
            requests.record_comment,
            requests.record_watcher,
            requests.record_resubmission,
            requests.record_recall,
            requests.record_return,
            requests.record_effective_date,
            requests.record_state,
            requests.record_survey_answer,
            requests.record_message,
            approvals.record_decision,
            approvals.record_signalled_decision,
            approvals.record_approver,
            TaskActivities(transitions).record_task_action,
            ClockActivities(transitions).ring_alarms,
            PlanActivities(transitions).record_outcome,
            self._security.note_cancellation_without_proof,
            grants.open_grant,
            grants.take_up_grant,
            grants.ring_grant,
            grants.record_revocation,
            grants.record_revocation_outcome,
            grants.record_extension,
            grants.record_grant_message,
            grants.record_grant_task,
        ]

    def connectors(self) -> Activities:
        return [
            self.errands.perform_step,
            self.errands.undo_step,
            self.children.open_child_request,
            self.children.cancel_child_request,
            self.children.reschedule_child_request,
            self.children.start_grant,
            self.children.extend_grant,
            self.children.tell_parent,
        ]

    def deliveries(self) -> Activities:
        return [
            *self._deliveries.activities(),
            *self._anchors.activities(),
            *self._sweep.activities(),
            self._stuck.collect_stuck,
        ]


def _carriers(
    settings: Settings, engine: AsyncEngine, surroundings: Surroundings, sender: Sender
) -> Carriers:
    mail = None
    if settings.smtp_url is not None:
        server = mail_server(settings.smtp_url, settings.mail_from, _now, settings.egress_allow)
        mail = MailCarrier(*server, settings.public_url)
    return Carriers(
        engine,
        public_url=settings.public_url,
        mail=mail,
        webhooks=WebhookSender(surroundings.exchange(), _now),
        processes=ProcessCarrier(sender),
    )


def _now() -> datetime:
    return datetime.now(UTC)
