"""Real requests for payment through the public API: some of each kind, and forged ones that must be found out."""

import gzip
import lzma
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.real_requests.__main__ import PUBLIC_LOG, main
from bench.real_requests.case import Case, case_of, in_order
from bench.real_requests.desk import Desk
from bench.real_requests.house import Cast
from bench.real_requests.replay import Outcome, Verdict
from bench.real_requests.report import closing_line, is_good, liberties, report
from bench.real_requests.rules import rule_for
from bench.real_requests.run import open_desk, replay_all
from bench.real_requests.script import Kind, script_of
from bench.real_requests.selection import select
from bench.real_requests.xes import XesError, read_traces
from steadydesk.stack.postgres import NOT_DURABLE

ADMINISTRATION = "APPROVED by ADMINISTRATION"
BUDGET_OWNER = "APPROVED by BUDGET OWNER"
FINAL = "FINAL_APPROVED by SUPERVISOR"
PAID = ("Request Payment", "Payment Handled")
SUBMITTED = "SUBMITTED by EMPLOYEE"
TAKEN_BACK = "REJECTED by EMPLOYEE"

SLICE = (
    "requestforpayment159193",  # the most frequent
    "requestforpayment171883",  # the longest: refused five times
    "requestforpayment176212",  # budget owner and director
    "requestforpayment148157",  # a pre-approver refuses, then approves
    "requestforpayment157222",  # submitted under one year's rules and again under the next one's
    "requestforpayment151297",  # supervisor and director within one second
    "requestforpayment173579",  # changed after two approvals
    "requestforpayment180681",  # recalled from its approval
    "requestforpayment176718",  # paid without a payment request
    "requestforpayment157911",  # withdrawn
    "requestforpayment149260",  # saved only
    "requestforpayment152465",  # given back after its payment had been requested, and left there
    "requestforpayment148205",  # given back after its approval
    "requestforpayment169015",  # open at the end, saved once more
)


@pytest.fixture(scope="module")
async def desk() -> AsyncIterator[Desk]:
    async with open_desk(postgres_settings=NOT_DURABLE) as opened:
        yield opened


def written(*words: str, name: str = "case 1", amount: str = "120.5") -> str:
    """A trace in XES, one event an hour."""
    at = datetime(2018, 5, 2, 9, tzinfo=UTC)
    events = "".join(
        f'<event><string key="concept:name" value="{word}"/>'
        f'<date key="time:timestamp" value="{(at + timedelta(hours=hour)).isoformat()}"/></event>'
        for hour, word in enumerate(words)
    )
    head = f'<string key="concept:name" value="{name}"/><float key="RequestedAmount" value="{amount}"/>'
    return f"<trace>{head}{events}</trace>"


def log(*traces: str) -> bytes:
    return f'<?xml version="1.0"?>\n<log xmlns="http://www.xes-standard.org">{"".join(traces)}</log>'.encode()


def cases_of(folder: Path, *traces: str) -> list[Case]:
    file = folder / "log.xes"
    file.write_bytes(log(*traces))
    return [case_of(trace) for trace in read_traces(file)]


def case(folder: Path, *words: str) -> Case:
    return cases_of(folder, written(*words))[0]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_a_log_is_read_plain_and_packed(tmp_path: Path, pack: type[bytes]) -> None:
    file = tmp_path / "a log"
    file.write_bytes(pack(log(written(SUBMITTED, FINAL), written("Request For Payment SAVED by EMPLOYEE"))))
    first, second = (case_of(trace) for trace in read_traces(file))
    assert first.variant == (SUBMITTED, FINAL)
    assert first.amount == pytest.approx(120.5)
    assert second.variant == ("SAVED by EMPLOYEE",)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'<!DOCTYPE log [<!ENTITY a "aaaa">]><log/>', "document type"),
        (log(written(SUBMITTED))[:-20], "no element found|unclosed"),
        (b"<html></html>", "begins with <log>"),
        (b"\xfd7zXZ\x00 and then rubbish", "log.xes"),
    ],
)
def test_what_is_no_log_is_refused_with_its_place(tmp_path: Path, content: bytes, why: str) -> None:
    file = tmp_path / "log.xes"
    file.write_bytes(content)
    with pytest.raises(XesError, match=why) as refused:
        list(read_traces(file))
    assert str(refused.value).startswith(str(file))


def test_an_event_without_a_time_names_its_case(tmp_path: Path) -> None:
    event = '<event><string key="concept:name" value="x"/></event>'
    trace = f'<trace><string key="concept:name" value="c7"/>{event}</trace>'
    with pytest.raises(XesError, match=r"case 'c7'.*time:timestamp"):
        cases_of(tmp_path, trace)


def test_a_user_is_told_what_is_wrong_with_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.xes"
    empty.write_bytes(log())
    assert main([str(tmp_path / "none.xes")]) == 2
    assert main([str(empty)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path / 'none.xes'}: No such file or directory",
        f"there is no case in {empty}",
    ]


@pytest.mark.parametrize(
    ("words", "rule", "replayed"),
    [
        (("SAVED by EMPLOYEE",), "saved only", 0),
        ((SUBMITTED, FINAL, "REJECTED by MISSING"), "open at the end", 3),
        ((SUBMITTED, FINAL, "REJECTED by MISSING", SUBMITTED, FINAL, *PAID), None, None),
        ((SUBMITTED, FINAL), "open at the end", 2),
        ((SUBMITTED, "REJECTED by ADMINISTRATION"), "open at the end", 2),
        ((SUBMITTED, FINAL, *PAID), None, None),
        ((SUBMITTED, "REJECTED by ADMINISTRATION", TAKEN_BACK), None, None),
    ],
)
def test_the_rules_explain_these_and_no_others(
    tmp_path: Path, words: Sequence[str], rule: str | None, replayed: int | None
) -> None:
    found = rule_for(in_order(case(tmp_path, *words)))
    assert (found[0].name, found[1]) == (rule, replayed) if found else rule is None


def test_a_form_asks_for_the_stages_that_decided_in_its_round(tmp_path: Path) -> None:
    director = ("APPROVED by SUPERVISOR", "FINAL_APPROVED by DIRECTOR")
    one = case(tmp_path, SUBMITTED, "REJECTED by PRE_APPROVER", SUBMITTED, ADMINISTRATION, *director, *PAID)
    forms = [action.answers for action in script_of(one, one.events) if action.answers]
    asked = [{key for key, value in form.items() if value is True} for form in forms]
    assert asked == [{"ask_pre_approver"}, {"ask_administration"}]
    assert [form["amount"] for form in forms] == [120.5, 1000.01]


def test_a_rejection_by_the_requester_withdraws_only_at_the_end(tmp_path: Path) -> None:
    refused = "REJECTED by ADMINISTRATION"
    one = case(tmp_path, SUBMITTED, refused, TAKEN_BACK, SUBMITTED, refused, TAKEN_BACK)
    by_requester = [a.kind for a in script_of(one, one.events) if a.role == "EMPLOYEE"]
    assert by_requester == [Kind.ORDER, Kind.TAKE_BACK, Kind.RESUBMIT, Kind.WITHDRAW]


def test_a_request_is_recalled_from_approval_and_given_back_after_it(tmp_path: Path) -> None:
    one = case(
        tmp_path, SUBMITTED, ADMINISTRATION, TAKEN_BACK, SUBMITTED, FINAL, "REJECTED by MISSING", *PAID
    )
    kinds = [action.kind for action in script_of(one, one.events)]
    assert kinds[2:6] == [Kind.RECALL, Kind.RESUBMIT, Kind.APPROVE, Kind.GIVE_BACK]


def test_a_selection_has_every_variant_and_every_rare_case(tmp_path: Path) -> None:
    frequent = [written(SUBMITTED, FINAL, *PAID, name=f"f{n}") for n in range(50)]
    rare = [written(SUBMITTED, "REJECTED by SUPERVISOR", TAKEN_BACK, name=f"r{n}") for n in range(3)]
    cases = cases_of(tmp_path, *frequent, *rare)
    assert {c.name for c in select(cases, 0, 1)} >= {"r0", "r1", "r2"}
    assert len(select(cases, 0, 1)) == 4
    twenty = select(cases, 20, 1)
    assert len(twenty) == len({c.name for c in twenty}) == 20
    assert twenty == select(cases, 20, 1) != select(cases, 20, 2)


def test_the_people_of_a_case_fit_together() -> None:
    cast = Cast()
    people = [cast.of(number) for number in range(30)]
    assert people[0] != people[1]
    assert {cast.role_of(of["BUDGET OWNER"]) for of in people} == {"BUDGET OWNER"}
    assert cast.role_of("felix.finance") is None


def outcomes(folder: Path, matched: int, explained: int, unexplained: int) -> list[Outcome]:
    one = case(folder, SUBMITTED, FINAL, *PAID)
    counts = {Verdict.MATCHED: matched, Verdict.EXPLAINED: explained, Verdict.UNEXPLAINED: unexplained}
    return [
        Outcome(one, verdict, "REQ1", "open at the end") for verdict, n in counts.items() for _ in range(n)
    ]


def test_the_report_closes_with_the_counts_and_judges_them(tmp_path: Path) -> None:
    assert report(outcomes(tmp_path, 95, 5, 0))[-1] == "95 matched, 5 explained, 0 unexplained"
    assert is_good(outcomes(tmp_path, 95, 5, 0))
    assert not is_good(outcomes(tmp_path, 94, 6, 0))
    assert not is_good(outcomes(tmp_path, 95, 4, 1))
    told = "\n".join(report(outcomes(tmp_path, 10, 1, 1)))
    assert "explained, open at the end (the log ends before the request does): 1: case 1" in told
    assert "unexplained, case 1 (REQ1)" in told
    assert "more than 5% are explained: 1 of 12" in told


async def test_somebody_elses_log_is_replayed_and_what_cannot_be_is_found_out(
    tmp_path: Path, desk: Desk
) -> None:
    cases = cases_of(
        tmp_path,
        written(SUBMITTED, ADMINISTRATION, FINAL, *PAID, name="good"),
        written(SUBMITTED, BUDGET_OWNER, ADMINISTRATION, FINAL, *PAID, name="wrong order"),
        written(SUBMITTED, "FINAL_APPROVED by ADMINISTRATION", *PAID, name="too early"),
        written(SUBMITTED, ADMINISTRATION, "APPROVED by SUPERVISOR", *PAID, name="too late"),
        written(SUBMITTED, FINAL, "Payment Handled", "Request Payment", "Payment Handled", name="backwards"),
        written(SUBMITTED, FINAL, "Payment Reversed", *PAID, name="unknown event"),
        written(SUBMITTED, "APPROVED by CHANCELLOR", *PAID, name="unknown role"),
        written(ADMINISTRATION, FINAL, *PAID, name="never submitted"),
        written(name="empty"),
    )
    found = await replay_all(cases, desk, clients=4)
    assert closing_line(found) == "1 matched, 0 explained, 8 unexplained"
    why = {outcome.case.name: outcome.why or "" for outcome in found}
    assert not why.pop("good")
    parts = ("next, open is", "after the log it is in", "after the log it is in", "next, open is")
    parts += ("no event of", "no event of", "before it is submitted", "nothing of it")
    assert [part for part, told in zip(parts, why.values(), strict=True) if part not in told] == []


async def test_real_cases_end_as_in_the_log(desk: Desk) -> None:
    cases = public_cases(SLICE)
    found = await replay_all(cases, desk, clients=6)
    assert report(found)[-1] == "11 matched, 3 explained, 0 unexplained", report(found)
    assert {one.case.name: one.why for one in found if one.why} == {
        "requestforpayment149260": "saved only",
        "requestforpayment152465": "open at the end",
        "requestforpayment169015": "open at the end",
    }
    matched = [one.case for one in found if one.verdict is Verdict.MATCHED]
    assert {name for one in matched for name in liberties(one)} >= {
        "approvals of one second put into the policy's order",
        "changed by its requester while in approval",
        "payment handled without having been requested",
        "given back after the final approval by those who pay",
    }


def public_cases(names: Iterable[str]) -> list[Case]:
    """The named cases of the public log; skips the test where the log is absent."""
    if not PUBLIC_LOG.exists():
        pytest.skip(f"the public log is not there: {PUBLIC_LOG.name}")
    wanted = set(names)
    found = [trace for trace in read_traces(PUBLIC_LOG) if trace.attributes["concept:name"] in wanted]
    assert len(found) == len(wanted)
    return [case_of(trace) for trace in found]
