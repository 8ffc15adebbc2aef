"""When a gate is decided: the tally of its ballots, pure and closed as soon as the outcome is certain."""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from steadydesk.contracts.approval_policy import Rule
from steadydesk.contracts.gate import Decision, Gate, GateState
from steadydesk.contracts.numbers import ordinal_of
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import RequestProcess, StepState


def needed(rule: Rule, eligible: int) -> int:
    """How many approvals a stage of ``eligible`` people needs, at least one.

    A percentage is rounded half up, 2.49 to 2 and 2.5 to 3 (ServiceNow, approval definitions).
    """
    if rule.all:
        return max(eligible, 1)
    if rule.count is not None:
        return rule.count
    if rule.percent is not None:
        return max(1, math.floor(eligible * rule.percent / 100 + 0.5))
    return 1


def tally(rule: Rule, gate: Gate) -> GateState:
    """REQUESTED while both outcomes are possible, else APPROVED or REJECTED.

    A ballot that was cast while entitled counts even after its voter dropped out, so the number of people is
    that of everybody who may vote or has voted. With ``any`` the first decision decides, a refusal as well
    (ServiceNow, "anyone"); otherwise the gate is refused when the approvals needed cannot be reached any more.
    """
    approvals = sum(ballot.decision is Decision.APPROVED for ballot in gate.ballots)
    refusals = sum(ballot.decision is Decision.REJECTED for ballot in gate.ballots)
    if rule.any and gate.ballots:
        return GateState.APPROVED if gate.ballots[0].decision is Decision.APPROVED else GateState.REJECTED
    people = {ballot.natural for ballot in gate.ballots} | {person.natural for person in gate.eligible}
    quorum = needed(rule, len(people))
    if approvals >= quorum:
        return GateState.APPROVED
    if len(people) - refusals < quorum and (refusals or not people):
        return GateState.REJECTED
    return GateState.REQUESTED


def can_be_satisfied(rule: Rule, eligible: int) -> bool:
    """Whether so many people can approve at all."""
    return eligible >= needed(rule, eligible)


def material_digests(material: list[str], values: Mapping[str, Any], salt: str) -> dict[str, str]:
    """The salted digest of each material field; ``variables`` stands for every form value, one by one."""
    fields: dict[str, Any] = {}
    for name in material:
        if name == "variables":
            fields |= {key: value for key, value in values.items() if key.startswith("variables.")}
        elif name in values:
            fields[name] = values[name]
    return {name: _digest(salt, value) for name, value in sorted(fields.items())}


def content_hash(digests: Mapping[str, str]) -> str:
    """What a vote is bound to: one hash over the digests of all material fields."""
    return _digest("", dict(digests))


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The material fields that are not the same any more."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def decided_before(
    process: RequestProcess, line: str, stage: str, step: str | None, ordinal: int
) -> Gate | None:
    """The same stage's last gate before the ``ordinal``-th of the record that people had voted at: they need only
    see the difference.
    """
    found = {
        ordinal_of(gate.id): gate
        for gate in process.gates.values()
        if (gate.line, gate.stage, gate.step) == (line, stage, step) and gate.ballots
    }
    last = max((each for each in found if each < ordinal), default=None)
    return None if last is None else found[last]


def unowed(process: RequestProcess) -> list[Gate]:
    """Open gates whose outcome changes nothing any more: of a step that has failed or ended, of a line or round that
    went on without them. Nobody shall be asked in vain.
    """
    return [gate for gate in process.gates.values() if gate.is_open and not _is_waited_for(process, gate)]


def _is_waited_for(process: RequestProcess, gate: Gate) -> bool:
    line = process.line(gate.line)
    if gate.step is None:
        return line.phase is Phase.APPROVAL and line.round == gate.round
    run = line.steps.get(gate.step)
    waits = line.phase in (Phase.FULFILMENT, Phase.PENDING)
    return waits and run is not None and run.state is StepState.OPEN and gate.id in run.gates


def _digest(salt: str, value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()[:32]
