"""`steadydesk doctor`: whether records, workflows and audit say the same, somebody is there, and nothing is stuck."""

import asyncio
import json
import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.client import Client
from temporalio.service import RPCError

from steadydesk.cli.client import REFUSED, UNREACHABLE, fail
from steadydesk.cli.database import in_one_transaction
from steadydesk.cli.mending import Known, Mending, held, mend, mendable
from steadydesk.cli.refusal import checked_settings, refusals
from steadydesk.cli.temporal import temporal_of
from steadydesk.connectors.anchor_sinks import refused_sinks, sink_guard
from steadydesk.orchestration.client import connect
from steadydesk.orchestration.inspection import (
    ended_routines,
    is_polled,
    last_state,
    not_running,
    running_processes,
    stuck_workflows,
)
from steadydesk.policies.doctor import Symptom
from steadydesk.records import audit_verify
from steadydesk.records.doctor import Examined, examine
from steadydesk.records.doctor_messages import examine_messages
from steadydesk.records.doctor_organisation import (
    examine_anchors,
    examine_commands,
    examine_grants,
    examine_orders,
    examine_organisation,
    holders_to_hear_of,
)
from steadydesk.records.summaries import summaries_of
from steadydesk.settings import Settings

_LATELY = timedelta(days=30)
_MENDING_SECONDS = 10
_SETTLING = timedelta(seconds=10)
"""A process that was written or started so shortly ago may be between its record and its workflow."""


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Start what has ended again; write rows anew from their documents."),
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Also processes that were closed more than 30 days ago.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Examine the installation. Exit code 0 sound, 1 something is wrong, 3 nothing runs or Temporal is away."""
    settings = checked_settings()
    symptoms = _examined(settings, every=every)
    mendings: list[Mending] = []
    if repair:
        mendings = _repaired(settings, symptoms)
        mended = [one.number for one in mendings if one.reason is None]
        symptoms = _examined_after(settings, mended, every=every) if mended else symptoms
    typer.echo(_as_json(symptoms, mendings) if as_json else _as_text(symptoms, mendings))
    if any(symptom.serious for symptom in symptoms):
        raise typer.Exit(REFUSED)


def _examined_after(settings: Settings, mended: Collection[str], *, every: bool) -> list[Symptom]:
    """What is left when the processes have had their time to write."""
    end = time.monotonic() + _MENDING_SECONDS
    while True:
        symptoms = _examined(settings, every=every)
        if time.monotonic() > end or not any(symptom.number in mended for symptom in symptoms):
            return symptoms
        time.sleep(0.5)


def _examined(settings: Settings, *, every: bool) -> list[Symptom]:
    now = datetime.now(UTC)

    async def work(connection: AsyncConnection) -> list[Symptom]:
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        found = await examine(connection, now, None if every else _LATELY)
        verdict = await audit_verify.verify(connection)
        return [
            *found.symptoms,
            *(Symptom("audit", one.number, f"{one.fault.value}: {one.words}") for one in verdict.findings),
            *await examine_orders(connection, now),
            *await examine_commands(connection, now),
            *await examine_anchors(connection, now, timedelta(minutes=settings.anchor_minutes)),
            *await _of_sinks(settings),
            *await examine_organisation(connection, now),
            *await examine_grants(connection, now),
            *await examine_messages(connection, now),
            *await _of_workflows(await _client(settings), found, now),
        ]

    try:
        found = in_one_transaction(work)
    except RPCError as error:
        fail(UNREACHABLE, f"Temporal does not answer: {error}")
    return list(dict.fromkeys(found))


async def _of_sinks(settings: Settings) -> list[Symptom]:
    """Where anchors cannot go as long as the egress guard refuses it; they wait meanwhile."""
    guard = sink_guard(settings.anchor_sinks, settings.egress_allow)
    return [
        Symptom("anchor", sink, f"anchors wait: {reason} (STEADYDESK_EGRESS_ALLOW)")
        async for sink, reason in refused_sinks(settings.anchor_sinks, guard)
    ]


async def _of_workflows(client: Client, found: Examined, now: datetime) -> list[Symptom]:
    """Records without a workflow, workflows without a record, stuck ones, and whether a worker is there at all."""
    running = await running_processes(client)
    settled = {number for number in found.wanted if now - found.updated[number] > _SETTLING}
    symptoms = [
        Symptom("workflow", number, f"its process is open and has no running workflow ({state})")
        for number in await not_running(client, sorted(settled - running.keys()))
        for state in [await last_state(client, number)]
    ]
    over = {number for number in found.ended if now - found.updated[number] > _SETTLING}
    symptoms += [
        Symptom("workflow", number, "its process has ended and its workflow still runs")
        for number in sorted(over & running.keys())
    ]
    strangers = {
        number for number in running.keys() - found.wanted - found.ended if now - running[number] > _SETTLING
    }
    symptoms += [
        Symptom("record", number, "its workflow runs and has no record") for number in sorted(strangers)
    ]
    symptoms += [
        Symptom("stuck", number, f"its workflow tasks fail: {problem}")
        for number, problem in sorted((await stuck_workflows(client)).items())
    ]
    symptoms += [
        Symptom("routine", name, "somebody ended it; --repair starts it again, as a starting worker does")
        for name in await ended_routines(client)
    ]
    if not await is_polled(client, now):
        symptoms.append(Symptom("worker", "worker", "no worker asks for work"))
    return symptoms


def _repaired(settings: Settings, symptoms: list[Symptom]) -> list[Mending]:
    async def read(connection: AsyncConnection) -> Known:
        return Known(
            summaries=await summaries_of(connection, mendable(symptoms)),
            holders=await holders_to_hear_of(connection, held(symptoms)),
        )

    known = in_one_transaction(read)

    async def work() -> list[Mending]:
        return await mend(await _client(settings), settings, symptoms, known)

    return asyncio.run(work())


async def _client(settings: Settings) -> Client:
    """The running stack's Temporal server and namespace, or those that the settings name."""
    with refusals():
        address, namespace = temporal_of(settings)
    try:
        return await connect(address, namespace)
    except RuntimeError as error:
        fail(UNREACHABLE, f"Temporal does not answer at {address}: {error}")


def _as_json(symptoms: list[Symptom], mendings: list[Mending]) -> str:
    answer = {
        "sound": not any(symptom.serious for symptom in symptoms),
        "symptoms": [symptom._asdict() for symptom in symptoms],
        "mended": [one.number for one in mendings if one.reason is None],
        "not_mended": [one._asdict() for one in mendings if one.reason is not None],
    }
    return json.dumps(answer, indent=2)


def _as_text(symptoms: list[Symptom], mendings: list[Mending]) -> str:
    lines = [
        f"could not mend {one.number}: {one.reason}" if one.reason else f"mended: {one.number}"
        for one in mendings
    ]
    lines += [
        f"{'WRONG' if one.serious else 'note '} {one.check:<9}{one.number}: {one.words}" for one in symptoms
    ]
    serious = sum(symptom.serious for symptom in symptoms)
    verdict = f"{serious} wrong" if serious else "sound: records, workflows and audit say the same"
    return "\n".join([*lines, verdict])
