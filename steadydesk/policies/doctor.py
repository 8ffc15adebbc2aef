"""What the rows and votes of a process must be by its document, and where they are not. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from steadydesk.contracts.base import RecordDocument
from steadydesk.contracts.gate import Decision, Gate, GateState
from steadydesk.contracts.grant import GrantProcess
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.request import Line, RequestProcess, TaskRun
from steadydesk.policies.approval import tally, unowed
from steadydesk.policies.request import telling_phase

_BY_VOTES = "decided"
"""The reason of a gate that its votes closed; others (expired, not required) closed without them."""

Expected = Mapping[str, Mapping[str, Any]]
"""Column values by number or gate id."""


class Symptom(NamedTuple):
    """``check`` is stable: workflow, record, document, version, row, sight, gate, vote, audit, stuck, owner, ..."""

    check: str
    number: str
    words: str
    serious: bool = True
    """False for what an operator should know but that breaks no promise."""


class CastVote(NamedTuple):
    """A row of the immutable table."""

    natural_person: str
    voter: str
    decision: str


def rows_of(document: RecordDocument) -> Expected:
    """The columns of ``record`` that the document decides, by number."""
    if isinstance(document, GrantProcess):
        tasks = [document.task] if document.task else []
        state = document.state.value
        rows = {document.number: _row(state, state, open_=document.closed_at is None)}
        return {**rows, **{task.number: _task(task) for task in tasks}}
    assert isinstance(document, RequestProcess)
    phase = telling_phase(document).value
    return {
        document.number: {
            **_row(document.state.value, phase, open_=document.closed_at is None),
            "version": document.version,
            "caller": document.requested_for,
        },
        **{line.number: _line(line) for line in document.lines},
        **{task.number: _task(task) for _, _, task in document.tasks()},
    }


def gates_of(document: RequestProcess) -> Expected:
    return {
        one.id: {"state": one.state.value, "content_hash": one.content_hash}
        for one in document.gates.values()
    }


def differing(expected: Expected, found: Expected, number: str, check: str) -> list[Symptom]:
    """One symptom per row that is missing, unknown, or has other values than the document."""
    symptoms: list[Symptom] = []
    for key, columns in expected.items():
        row = found.get(key)
        if row is None:
            symptoms.append(Symptom(check, number, f"{key} has no row"))
            continue
        wrong = [
            f"{name} is {row[name]}, not {value}" for name, value in columns.items() if row[name] != value
        ]
        if wrong:
            symptoms.append(Symptom(check, number, f"{key}: {'; '.join(wrong)}"))
    # A task that another one replaced stays as a closed row; the document only knows the newer one.
    unknown = [key for key, row in sorted(found.items()) if key not in expected and _stands_open(row)]
    return [*symptoms, *(Symptom(check, number, f"{key} is not in the document") for key in unknown)]


def _stands_open(row: Mapping[str, Any]) -> bool:
    return bool(row.get("open", row["state"] == GateState.REQUESTED.value))


def check_gates(
    document: RequestProcess,
    organisation: Organisation,
    votes: Mapping[str, Sequence[CastVote]],
    audited: Mapping[str, int],
) -> list[Symptom]:
    """Ballots against the immutable votes, these against the votes that the audit counts, and each gate's state
    against the tally.
    """
    return [
        Symptom("vote", document.number, f"{one.id}: {words}")
        for one in document.gates.values()
        for words in (
            *_ballots(one, votes.get(one.id, ())),
            *_counts(len(votes.get(one.id, ())), audited.get(one.id, 0)),
            *_tally(one, organisation),
        )
    ]


def check_waits(document: RequestProcess) -> list[Symptom]:
    """Gates at which people are asked although nothing comes of it."""
    words = "{} is open, and nothing waits for it"
    return [Symptom("gate", document.number, words.format(one.id)) for one in unowed(document)]


def _counts(stored: int, audited: int) -> Iterator[str]:
    if stored != audited:
        yield f"{stored} votes are stored, and the audit tells of {audited}"


def _ballots(one: Gate, votes: Iterable[CastVote]) -> Iterator[str]:
    valid: dict[str, tuple[str, str]] = {}
    for cast in votes:
        valid[cast.natural_person] = (cast.voter, cast.decision)
    counted = {who: vote for who, vote in valid.items() if vote[1] != Decision.WITHDRAWN.value}
    kept = {ballot.natural: (ballot.voter, ballot.decision.value) for ballot in one.ballots}
    for who in sorted(counted.keys() | kept.keys()):
        if counted.get(who) != kept.get(who):
            yield f"{who} voted {_said(counted.get(who))}, and the document has {_said(kept.get(who))}"


def _said(vote: tuple[str, str] | None) -> str:
    return f"{vote[1]} by {vote[0]}" if vote else "nothing"


def _tally(one: Gate, organisation: Organisation) -> Iterator[str]:
    decided = one.state in (GateState.APPROVED, GateState.REJECTED) and one.reason == _BY_VOTES
    if not (decided or one.is_open):
        return
    stage = organisation.approval_policies[one.policy].stages[one.stage]
    counted = tally(stage.rule, one)
    if counted is not one.state:
        yield f"it is {one.state.value}, and its votes make it {counted.value}"


def _row(state: str, phase: str, *, open_: bool) -> dict[str, Any]:
    return {"state": state, "phase": phase, "open": open_}


def _line(line: Line) -> dict[str, Any]:
    values = {"close_code": line.close_code, "item": line.item, "quantity": line.quantity}
    return {**_row(line.state, line.phase.value, open_=line.is_open), **values}


def _task(task: TaskRun) -> dict[str, Any]:
    values = {"assignment_group": task.group, "assigned_to": task.assigned_to}
    return {**_row(task.state.value, task.purpose.value, open_=task.is_open), **values}
