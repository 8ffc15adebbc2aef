"""The operator's commands on a whole running stack: order, decide, examine, mend, prove."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowFailureError

from steadydesk.cli import mending
from steadydesk.cli.client import api
from steadydesk.configuration.install import DEMO
from steadydesk.contracts.queues import PROCESSES
from steadydesk.contracts.request_commands import StartRequest
from steadydesk.orchestration.client import connect
from steadydesk.orchestration.inspection import is_running
from steadydesk.orchestration.requests import REQUEST_WORKFLOW
from steadydesk.settings import settings
from steadydesk.stack.postgres import NOT_DURABLE
from steadydesk.stack.supervisor import Variation, running_stack
from tests.support.operators import Operator, environment_of
from tests.support.stacks import stack_settings

SOON = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2"
RITA, MONA = ("--as", "rita.requester"), ("--as", "mona.manager")


@pytest.fixture(scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Operator]:
    chosen = stack_settings(tmp_path_factory.mktemp("stack"))
    arguments = ("--dynamic-config-value", SOON)
    variation = Variation(postgres_settings=NOT_DURABLE, temporal_arguments=arguments)
    async with running_stack(chosen, variation=variation) as stack:
        with environment_of(chosen):
            yield Operator(stack)


@pytest.fixture(scope="module")
async def temporal(desk: Operator) -> Client:
    return await connect(desk.stack.addresses.temporal_address)


@pytest.fixture
async def number(desk: Operator) -> str:
    """A fresh order that waits for Mona."""
    return (await desk.says("request", "new", "key-card", "--example", *RITA))["number"]


async def summary(temporal: Client, number: str) -> str | None:
    return await (await temporal.get_workflow_handle(number).describe()).static_summary()


async def audit_is_written(desk: Operator) -> None:
    """The first anchor is sealed when the worker starts; the proof needs it."""
    async with asyncio.timeout(20):
        while not list(Path(desk.stack.settings.anchor_dir).glob("anchor-*.json")):
            await asyncio.sleep(0.1)


async def test_from_the_order_to_the_decision(desk: Operator) -> None:
    ordered = await desk.run("request", "new", "key-card", "--example", "--note", "for the lab", *RITA)
    assert ordered.exit_code == 0, ordered.stderr
    lines = ordered.stdout.splitlines()
    number = lines[0].split()[-1]
    assert lines[2].split() == ["state", "open"]
    assert "waits for the approval 'Supervisor' (manager)" in lines[-1]
    waiting = await desk.says("approvals", *MONA)
    assert f"{number}-G1" in [one["id"] for one in waiting]
    decided = await desk.run("approve", f"{number}-G1", "--comment", "fine", *MONA)
    assert decided.stdout == f"{number}: gate {number}-G1, state approved\n"
    again = await desk.run("approve", f"{number}-G1", *MONA)
    assert (again.exit_code, again.stderr) == (
        1,
        f"steadydesk: Approval is closed: {number}-G1 is approved\n",
    )


@pytest.mark.parametrize(
    ("group", "who", "told"),
    [
        ("nope", "ingo.it", "steadydesk: Not found: "),
        (
            "it-operations",
            "rita.requester",
            "steadydesk: you are not in the group 'it-operations', and see no task of it",
        ),
    ],
)
async def test_a_queue_that_is_not_yours_or_not_there(
    desk: Operator, group: str, who: str, told: str
) -> None:
    refused = await desk.run("task", "list", "--group", group, "--as", who)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith(told)


async def test_an_empty_queue_of_ones_own_is_no_refusal(desk: Operator) -> None:
    own = await desk.run("task", "list", "--group", "it-operations", "--state", "pending", "--as", "ingo.it")
    assert (own.exit_code, own.stdout) == (0, "No open task.\n")


async def test_a_confidential_order_has_no_name_in_the_temporal_ui(desk: Operator, temporal: Client) -> None:
    ordered = await desk.says("request", "new", "hr-conversation", "--example", *RITA)
    assert await summary(temporal, ordered["number"]) == "Restricted request"


async def test_why_finds_a_number_however_typed(desk: Operator, number: str) -> None:
    typed = f"req{int(number.removeprefix('REQ'))}"
    told = await desk.run("why", typed, *RITA)
    assert told.stdout.startswith(f"{number}: open\nwaits for the approval 'Supervisor'")
    assert (await desk.says("why", typed, *RITA))["waiting"][0]["kind"] == "approval"
    ralf = ("--as", "ralf.requester")
    german = (await desk.says("request", "new", "key-card", "--example", *ralf))["number"]
    for command in (("why",), ("request", "show")):
        assert (
            "waits for the approval 'Führungskraft' (manager)"
            in (await desk.run(*command, german, *ralf)).stdout
        )


async def test_a_comment_a_rejection_and_the_list(desk: Operator, number: str) -> None:
    assert (await desk.run("request", "comment", number, "please hurry", *RITA)).exit_code == 0
    assert (await desk.run("reject", f"{number}-G1", "--comment", "not needed", *MONA)).exit_code == 0
    shown = await desk.says("request", "show", number, *RITA)
    assert shown["approvals"][0]["state"] == "rejected"
    listed = await desk.says("request", "list", "--mine", "--limit", "200", *RITA)
    assert number in [one["number"] for one in listed]


async def test_what_was_said_is_read_by_who_answers(desk: Operator, number: str) -> None:
    body = {"kind": "complaint", "text": "Nobody says when"}
    say = api(None, "rita.requester").post
    identity = (await asyncio.to_thread(say, f"records/{number}/feedback", body))["id"]
    ines = ("--as", "ines.itlead")
    listed = await desk.says("feedback", "list", "--kind", "complaint", *ines)
    assert identity in [one["id"] for one in listed]
    assert number in (await desk.run("feedback", "list", *ines)).stdout
    shown = (await desk.run("feedback", "show", identity, *ines)).stdout
    assert "answers       IT management" in shown
    assert shown.endswith("\n\nNobody says when\n")
    hidden = await desk.run("feedback", "show", identity, *MONA)
    assert (hidden.exit_code, "for you to see" in hidden.stderr) == (1, True)


async def test_a_cancelled_request_is_closed(desk: Operator, number: str) -> None:
    assert (
        await desk.run("request", "cancel", number, "--reason", "found the old one", *RITA)
    ).exit_code == 0
    refused = await desk.run("request", "cancel", number, *RITA)
    assert (refused.exit_code, "Record is closed" in refused.stderr) == (1, True)


async def test_wrong_answers_are_told_with_their_place(desk: Operator) -> None:
    refused = await desk.run("request", "new", "application-access", "--set", "level=write", *RITA)
    assert refused.exit_code == 1
    assert "  /items/0/variables/application: is required" in refused.stderr.splitlines()


async def test_a_folder_is_read_as_without_a_token(desk: Operator, tmp_path: Path) -> None:
    folder = tmp_path / "wanted"
    shutil.copytree(DEMO, folder)
    (folder / "calendars.yaml").rename(folder / "Calendars.v1.yaml")
    (folder / ".hidden.yaml").write_bytes(b"\xff")
    (folder / "catalog" / ".old").mkdir()
    (folder / "catalog" / ".old" / "it.yaml").write_text("nonsense: [")
    apply = ("config", "apply", str(folder), "--why", "as a person", "--as", "ada.admin")
    applied = await desk.run(*apply)
    assert (applied.exit_code, "current" in applied.stdout) == (0, True), applied.stderr
    policies = folder / "approval-policies.yaml"
    sound = policies.read_text()
    policies.write_text(sound.replace("calendar: berlin-office", "calendar: berlin-ofice", 1))
    dangling = await desk.run(*apply)
    assert "  approval-policies.yaml:6:15: C101 there is no calendar" in dangling.stderr
    policies.write_text(sound)
    (folder / "latin.yaml").write_bytes("name: Büro".encode("latin-1"))
    (folder / "a@b.yaml").write_text("")
    refused = await desk.run(*apply)
    assert refused.exit_code == 1
    assert f"{folder}/latin.yaml:1:8: error C001: the file is not UTF" in refused.stdout
    assert f"{folder}/a@b.yaml:1:1: error C001: a file and its folders are called by" in refused.stdout


async def test_an_item_shows_its_form(desk: Operator) -> None:
    shown = (await desk.run("catalog", "application-access", *RITA)).stdout
    assert "FIELD" in shown
    assert "application  Application" in shown
    assert "application-access" in (await desk.run("catalog", *RITA)).stdout


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (("catalog",), 2, "say who you are"),
        (("catalog", "--as", "nobody"), 2, "'nobody' is no demo user; there are "),
        (("catalog", "--token", "sdk_wrong"), 1, "Not signed in"),
        (("request", "show", "REQ9999999", *RITA), 1, "Not found"),
        (("request", "new", "key-card", "--set", "nothing", *RITA), 2, "key=value"),
    ],
)
async def test_refusals_and_their_exit_codes(
    desk: Operator, words: tuple[str, ...], code: int, part: str
) -> None:
    result = await desk.run(*words)
    assert (result.exit_code, part in result.stderr) == (code, True), result.stderr


async def test_a_process_ended_by_hand_is_named_and_taken_up_again(
    desk: Operator, temporal: Client, number: str
) -> None:
    await temporal.get_workflow_handle(number).terminate("by hand")
    await desk.let_settle()
    assert await desk.symptoms() == [("workflow", number)]
    mended = await desk.says("doctor", "--repair")
    assert (mended["mended"], mended["sound"]) == ([number], True)
    assert await is_running(temporal, number)
    assert await summary(temporal, number) == "Key card"
    decided = await desk.run("approve", f"{number}-G1", *MONA)
    assert decided.stdout.endswith("state approved\n")


async def test_a_vote_outlives_a_termination(desk: Operator, temporal: Client) -> None:
    number = (await desk.says("request", "new", "application-access", "--example", *RITA))["number"]
    await desk.says("approve", f"{number}-G1", *MONA)
    await temporal.get_workflow_handle(number).terminate("by hand")
    await desk.let_settle()
    assert (await desk.says("doctor", "--repair"))["mended"] == [number]
    gates = (await desk.says("request", "show", number, *RITA))["approvals"]
    assert {one["id"]: one["state"] for one in gates} == {
        f"{number}-G1": "approved",
        f"{number}-G2": "requested",
    }


async def test_rows_that_differ_from_the_document_are_written_anew(desk: Operator, number: str) -> None:
    await desk.as_owner(
        "UPDATE record SET state = 'closed_complete', open = false WHERE number = :n", n=number
    )
    await desk.as_owner("DELETE FROM record WHERE owner = :n AND kind = 'RITM'", n=number)
    await desk.as_owner("UPDATE gate SET state = 'approved' WHERE owner = :n", n=number)
    await desk.as_owner("UPDATE sight SET changed_at = now() WHERE number = :n", n=number)
    found = [("gate", number), ("row", number), ("row", number), ("sight", number)]
    assert await desk.symptoms() == found
    assert (await desk.says("doctor", "--repair"))["mended"] == [number]
    shown = await desk.says("request", "show", number, *RITA)
    assert (shown["state"], len(shown["items"]), shown["approvals"][0]["state"]) == ("open", 1, "requested")


async def test_a_place_in_lists_that_is_not_of_the_last_change_is_mended(desk: Operator, number: str) -> None:
    await desk.as_owner("UPDATE sight SET open = false WHERE number = :n", n=number)
    assert await desk.symptoms() == [("sight", number)]
    mended = await desk.says("doctor", "--repair")
    assert (mended["mended"], mended["sound"]) == ([number], True)


async def test_rows_of_a_closed_request_are_written_anew(desk: Operator, number: str) -> None:
    await desk.says("reject", f"{number}-G1", "--comment", "no", *MONA)
    await desk.as_owner("UPDATE record SET state = 'in_process', open = true WHERE number = :n", n=number)
    assert await desk.symptoms() == [("row", number)]
    assert (await desk.says("doctor", "--repair"))["sound"]
    assert (await desk.says("request", "show", number, *RITA))["open"] is False


async def test_a_closed_request_is_taken_up_by_a_new_one(desk: Operator, number: str) -> None:
    await desk.says("request", "cancel", number, *RITA)
    late = await desk.run("request", "comment", number, "And now?", *RITA)
    assert late.stderr.splitlines()[-1] == f"  steadydesk request new ITEM --follows {number} takes it up"
    ordered = await desk.run("request", "new", "key-card", "--example", "--follows", number, *RITA)
    follow_up = ordered.stdout.split()[1]
    assert ["follows", number] in [line.split() for line in ordered.stdout.splitlines()]
    shown = await desk.run("request", "show", number, *RITA)
    assert ["followed", "by", follow_up] in [line.split() for line in shown.stdout.splitlines()]


async def test_a_vote_that_nobody_cast_is_named(desk: Operator, number: str) -> None:
    values = "('v_forged', :gate, 1, 'p_x', 'p_x', 'approved', 'h', 'token', now())"
    columns = "(id, gate, seq, natural_person, voter, decision, content_hash, method, at)"
    await desk.as_owner(f"INSERT INTO vote {columns} VALUES {values}", gate=f"{number}-G1")
    assert await desk.symptoms() == [("vote", number), ("vote", number)]
    await desk.as_owner("DELETE FROM vote WHERE id = 'v_forged'")
    assert await desk.symptoms() == []


async def test_what_waits_outside_is_told_and_is_not_serious(desk: Operator) -> None:
    await desk.as_owner(
        "INSERT INTO breaker VALUES"
        ' (\'mail\', \'{"phase": "open", "until": "2126-11-23T09:00:00+00:00"}\', now()),'
        ' (\'ended\', \'{"phase": "half_open", "until": "2026-11-23T09:00:00+00:00"}\', now())'
    )
    await desk.as_owner(
        "INSERT INTO security_event (id, kind, detail, at) VALUES ('s', 'forged-update', '', now())"
    )
    told = (await desk.says("doctor"))["symptoms"]
    assert {("breaker", "mail"), ("security", "forged-update")} <= {
        (one["check"], one["number"]) for one in told
    }
    assert ("breaker", "ended") not in {(one["check"], one["number"]) for one in told}
    await desk.as_owner("DELETE FROM breaker")


async def test_a_group_without_people_is_named(desk: Operator) -> None:
    await desk.as_owner("CREATE TABLE kept AS SELECT * FROM membership WHERE group_key = 'service-desk'")
    await desk.as_owner("DELETE FROM membership WHERE group_key = 'service-desk'")
    assert ("owner", "service-desk") in await desk.symptoms()
    await desk.as_owner("INSERT INTO membership SELECT * FROM kept")
    assert await desk.symptoms() == []


async def test_a_process_whose_code_is_missing_is_stuck(
    desk: Operator, temporal: Client, number: str
) -> None:
    """It fails its workflow tasks; Temporal says so after a few, and the collector tells the lists."""
    await temporal.get_workflow_handle(number).terminate("to make room")
    await temporal.start_workflow("NoSuchProcess", id=number, task_queue=PROCESSES)
    await desk.let_settle()
    async with asyncio.timeout(60):
        while ("stuck", number) not in await desk.symptoms():
            await asyncio.sleep(1)
    await desk.as_owner("UPDATE sight SET open = false WHERE number = :n", n=number)
    failed = await desk.run("doctor", "--repair")
    said = failed.stdout.splitlines()[0]
    assert (failed.exit_code, said.startswith(f"could not mend {number}: Temporal says: ")) == (1, True), said
    told = json.loads((await desk.run("doctor", "--repair", "--json")).stdout)
    assert told["mended"] == []
    assert told["not_mended"] == [{"number": number, "reason": said.partition(": ")[2]}]
    await temporal.get_workflow_handle(number).terminate("mended")
    assert (await desk.says("doctor", "--repair"))["sound"]


async def test_a_record_cannot_be_run_under_another_id(desk: Operator, temporal: Client, number: str) -> None:
    before = await desk.says("request", "show", number, *RITA)
    handle = await temporal.start_workflow(
        REQUEST_WORKFLOW,
        StartRequest(number=number, take_up=True),
        id=f"{number}-copy",
        task_queue=PROCESSES,
    )
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    assert getattr(failure.value.cause, "type", None) == "WrongWorkflowId"
    assert (await desk.says("request", "show", number, *RITA))["version"] == before["version"]


async def test_a_cancellation_by_hand_changes_nothing(desk: Operator, temporal: Client, number: str) -> None:
    handle = temporal.get_workflow_handle(number)
    await handle.cancel()
    decided = await desk.run("approve", f"{number}-G1", *MONA)
    assert decided.stdout.endswith("state approved\n")
    assert await is_running(temporal, number)


@pytest.mark.parametrize("name", ["ROUTINE-stuck", "DLV-sweep"])
async def test_a_routine_ended_by_hand_is_named_and_started_again(
    desk: Operator, temporal: Client, name: str
) -> None:
    before = await temporal.get_workflow_handle(name).describe()
    await temporal.get_workflow_handle(name).terminate("by hand")
    async with asyncio.timeout(10):
        while await desk.symptoms() != [("routine", name)]:
            await asyncio.sleep(0.1)
    mended = await desk.says("doctor", "--repair")
    assert (mended["mended"], mended["not_mended"], mended["sound"]) == ([name], [], True)
    after = await temporal.get_workflow_handle(name).describe()
    assert (after.workflow_type, after.task_queue) == (before.workflow_type, before.task_queue)
    assert after.run_id != before.run_id
    assert await is_running(temporal, name)


async def test_a_process_that_nobody_works_on_cannot_be_mended(
    desk: Operator, temporal: Client, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "_ANSWER_SECONDS", 1)
    await temporal.get_workflow_handle(number).terminate("to make room")
    await temporal.start_workflow("NoSuchProcess", id=number, task_queue="a queue without a worker")
    await desk.as_owner("UPDATE sight SET open = false WHERE number = :n", n=number)
    told = json.loads((await desk.run("doctor", "--repair", "--json")).stdout)
    assert told["not_mended"] == [{"number": number, "reason": "no answer within 1 s; does a worker run?"}]
    await temporal.get_workflow_handle(number).terminate("mended")
    await desk.let_settle()
    monkeypatch.undo()
    assert (await desk.says("doctor", "--repair"))["sound"]


async def test_the_doctor_looks_where_the_running_stack_works(
    desk: Operator, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.let_settle()
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "elsewhere")
    settings.cache_clear()
    assert await desk.symptoms() == [], number
    monkeypatch.undo()
    settings.cache_clear()


async def test_a_log_server_that_the_guard_refuses_is_named(
    desk: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.let_settle()
    monkeypatch.setenv("STEADYDESK_ANCHOR_SINKS", "file,syslog://169.254.1.1:514")
    settings.cache_clear()
    examined = await desk.run("doctor")
    assert examined.exit_code == 1
    assert (
        "WRONG anchor   syslog://169.254.1.1:514: anchors wait: 169.254.1.1:514 leads to a link-local address"
        " that is not on the allow-list (STEADYDESK_EGRESS_ALLOW)"
    ) in examined.stdout
    monkeypatch.setenv("STEADYDESK_EGRESS_ALLOW", "169.254.1.1:514")
    settings.cache_clear()
    assert await desk.symptoms() == []
    monkeypatch.undo()
    settings.cache_clear()


async def test_the_audit_is_proven_and_a_change_is_named(desk: Operator, number: str) -> None:
    await audit_is_written(desk)
    proven = await desk.says("audit", "verify", "--anchors")
    assert proven["anchors"] >= 1
    assert proven["rows"] > 10
    await desk.as_owner("UPDATE audit SET actor = 'p_other' WHERE number = :n AND position = 1", n=number)
    refused = await desk.run("audit", "verify", f"req{int(number.removeprefix('REQ'))}", "--json")
    assert refused.exit_code == 1
    assert [one["fault"] for one in json.loads(refused.stdout)["findings"]] == ["row_altered"]
    assert ("audit", number) in await desk.symptoms()


async def test_the_chain_is_shown_to_who_ordered_and_to_the_process_owner(desk: Operator) -> None:
    number = (await desk.says("request", "new", "vpn-access", "--example", *RITA))["number"]
    shown = await desk.says("audit", "show", number, "--as", "ines.itlead")
    assert [row["position"] for row in shown] == list(range(1, len(shown) + 1))
    assert (await desk.says("audit", "show", number, *RITA))[: len(shown)] == shown
    assert (await desk.run("audit", "show", number, "--as", "ingo.it")).exit_code == 1


async def test_the_public_key_has_no_secret_and_a_rotation_keeps_it(desk: Operator, tmp_path: Path) -> None:
    await audit_is_written(desk)
    public = await desk.run("audit", "public-key")
    assert "private" not in public.stdout
    file = tmp_path / "public.json"
    assert (await desk.run("audit", "rotate-key")).exit_code == 0
    file.write_text((await desk.run("audit", "public-key")).stdout)
    old = set(json.loads(public.stdout)["public"])
    assert old < set(json.loads(file.read_text())["public"])
    proven = await desk.run("audit", "verify", "group:service-desk", "--anchors", "--key", str(file))
    assert proven.exit_code == 0, proven.stdout
