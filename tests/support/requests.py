"""Organisations, gates, lines and processes for tests of requests, as small as their question allows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from steadydesk.configuration.resolution import resolve
from steadydesk.contracts.approval_policy import Rule
from steadydesk.contracts.assertion import TextRef
from steadydesk.contracts.configuration import ResolvedOrganisation
from steadydesk.contracts.gate import Ballot, Decision, Eligible, Gate
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import Line, RequestProcess, StepRun
from steadydesk.contracts.sla import SlaClock, TargetKind
from steadydesk.policies import sla_steps

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday, ten in Berlin."""

TODAY = date(2026, 3, 2)
_REVIEW = "2036-01-01"
_OWNED = {"owner": "it-owners", "review_by": _REVIEW}
_DAY = [{"begin": "00:00", "end": "24:00"}]
_OFFICE = [{"begin": "08:00", "end": "16:00"}]
_WORKDAYS = ("mon", "tue", "wed", "thu", "fri")


def _model(**more: Any) -> dict[str, Any]:
    states: dict[str, Any] = {phase.value: {"label": phase.value, "phase": phase.value} for phase in Phase}
    states["delivery"] = {"label": "delivery", "phase": "fulfilment"}
    moves: list[dict[str, Any]] = [
        {"from": "fulfilment", "to": "delivery"},
        {"from": "delivery", "to": "fulfilment", "rights": ["requester"]},
        {"from": "fulfilment", "to": "pending"},
    ]
    return {"process": "request", "label": "Model", "states": states, "transitions": moves, **_OWNED, **more}


def organisation(
    items: Mapping[str, Mapping[str, Any]],
    policies: Mapping[str, Mapping[str, Any]] | None = None,
    **more: Any,
) -> Organisation:
    """One function with these catalogue items and approval policies, given by what is special about them."""
    data: dict[str, Any] = {
        "organisation": {
            "name": "Test",
            "complaints_group": "voices",
            "suggestions_group": "voices",
            "leavers_group": "leavers",
        },
        "functions": {"it": {"label": "IT", **_OWNED}},
        "calendars": {
            "always": {
                "label": "Always",
                "zone": "UTC",
                "week": dict.fromkeys((*_WORKDAYS, "sat", "sun"), _DAY),
            }
            | _OWNED,
            "office": {"label": "Office", "zone": "Europe/Berlin", "week": dict.fromkeys(_WORKDAYS, _OFFICE)}
            | _OWNED,
        },
        "process_models": {"request": _model(), "confidential": _model(restricted_to=["confidants"])},
        "approval_policies": {key: policy(**values) for key, values in (policies or {}).items()},
        "catalog": {key: item(**values) for key, values in items.items()},
        **more,
    }
    return Organisation.model_validate(data)


def item(**special: Any) -> dict[str, Any]:
    return {
        "name": "Item",
        "description": "An item",
        "category": "test",
        "function": "it",
        "fulfilment_group": "desk",
        "calendar": "always",
        "promise": "PT40H",
        **_OWNED,
        **special,
    }


def policy(**special: Any) -> dict[str, Any]:
    return {"label": "Policy", "calendar": "always", "fallback": "it-owners", **_OWNED, **special}


def stage(**special: Any) -> dict[str, Any]:
    return {"label": "Stage", "approvers": [{"group": "board"}], "on_expiry": "reject", **special}


def manual(**special: Any) -> dict[str, Any]:
    """A person's step that a person's task takes back."""
    undo = {"group": "desk", "instruction": "Take it back."}
    return {
        "kind": "manual",
        "label": "By hand",
        "group": "desk",
        "instruction": "Do it.",
        "undo": undo,
        **special,
    }


def automated(**special: Any) -> dict[str, Any]:
    """A connector's step that the connector takes back."""
    call = {"connector": "remote", "operation": "put", "values": {}}
    undo = {"call": {"connector": "remote", "operation": "delete", "values": {}}}
    return {"kind": "connector", "label": "Automated", "call": call, "undo": undo, **special}


def resolved(what: Organisation) -> ResolvedOrganisation:
    return resolve(what, TODAY)


def clock(at: datetime = NOW, kind: TargetKind = TargetKind.PROMISE, hours: float = 40) -> SlaClock:
    return sla_steps.start(kind, timedelta(hours=hours), "always", at)


def person(name: str) -> str:
    """A reference of a person from a short name."""
    return f"p_{name:a<12}"


def eligible(*names: str) -> list[Eligible]:
    return [Eligible(person=person(name), natural=person(name), capacity="group:board") for name in names]


def ballots(votes: Mapping[str, bool]) -> list[Ballot]:
    """Valid votes by name, in their order: True approves."""
    return [
        Ballot(
            natural=person(name),
            voter=person(name),
            decision=Decision.APPROVED if approves else Decision.REJECTED,
            seq=1,
            at=NOW,
        )
        for name, approves in votes.items()
    ]


def gate(names: Sequence[str] = ("ann",), votes: Mapping[str, bool] | None = None, **more: Any) -> Gate:
    values: dict[str, Any] = {
        "id": "REQ0000001-G1",
        "line": "RITM0000001",
        "policy": "approval",
        "stage": "first",
        "eligible": eligible(*names),
        "ballots": ballots(votes or {}),
        "content_hash": "hash",
        "clock": clock(kind=TargetKind.APPROVAL, hours=16),
        "opened_at": NOW,
    }
    return Gate(**(values | more))


def line(item_key: str = "item", steps: Mapping[str, StepRun] | None = None, **more: Any) -> Line:
    values: dict[str, Any] = {
        "number": "RITM0000001",
        "item": item_key,
        "variables": TextRef(ref="t_1", digest="d"),
        "requested_for": person("rita"),
        "state": "received",
        "steps": dict(steps or {}),
        "clock": clock(),
    }
    return Line(**(values | more))


def process(*lines: Line, **more: Any) -> RequestProcess:
    values: dict[str, Any] = {
        "number": "REQ0000001",
        "salt": "salt",
        "configuration": "digest",
        "function": "it",
        "opened_by": person("rita"),
        "requested_for": person("rita"),
        "lines": list(lines or [line()]),
        "opened_at": NOW,
        "updated_at": NOW,
    }
    return RequestProcess(**(values | more))


def rule(spelled: str) -> Rule:
    """``any``, ``all``, ``count 2`` or ``percent 66.6``."""
    name, _, number = spelled.partition(" ")
    if name in ("any", "all"):
        return Rule.model_validate({name: True, "any": name == "any"})
    return Rule.model_validate({name: float(number)})
