"""A catalogue whose items each ask one question of the request process."""

from typing import Any

from steadydesk.contracts.organisation import Organisation
from tests.support.requests import automated, manual, organisation, stage

_BY_HAND = {"one": manual(due="PT8H"), "two": manual(needs=["one"])}
_UNDONE = {"one": automated(), "two": automated(needs=["one"])}
_ANY = {"any": True}

ITEMS: dict[str, dict[str, Any]] = {
    "simple": {},
    "by-hand": {"plan": {"steps": _BY_HAND}},
    "alone": {"plan": {"steps": {"one": manual(due="PT8H")}}, "calendar": "office", "promise": "PT16H"},
    "automated": {"plan": {"steps": _UNDONE}},
    "asking": {"plan": {"steps": {"one": automated(on_failure="ask")}}},
    "asking-by-hand": {"plan": {"steps": {"one": manual(on_failure="ask"), "two": manual(needs=["one"])}}},
    "lenient": {"plan": {"steps": {"one": automated(on_failure="skip"), "two": manual(needs=["one"])}}},
    "unlucky": {"plan": {"steps": {"one": manual(), "two": automated(needs=["one"])}}},
    "lasting": {"plan": {"steps": {"one": manual(undo={"nothing": "It is harmless."}), "two": manual()}}},
    "granting": {
        "plan": {
            "steps": {
                "one": automated(
                    on_failure="ask",
                    grant={"entitlement": "Access", "until": {"from": "variables.until"}},
                )
            }
        }
    },
    "waiting": {
        "plan": {
            "steps": {
                "date": {"kind": "wait", "label": "W", "until": {"from": "line.effective_at"}},
                "then": manual(needs=["date"]),
            }
        },
        "effective_at": "day",
        "calendar": "office",
    },
    "bundle": {
        "plan": {
            "steps": {
                "child": {"kind": "request", "label": "C", "item": "simple", "on_failure": "ask"},
                "after": manual(needs=["child"]),
            }
        }
    },
    "checked": {
        "plan": {
            "steps": {
                "check": {"kind": "approval", "label": "A", "policy": "two-stages"},
                "one": manual(needs=["check"]),
            }
        }
    },
    "checked-by-both": {
        "plan": {
            "steps": {
                "check": {"kind": "approval", "label": "A", "policy": "parallel", "on_failure": "skip"},
                "one": manual(needs=["check"]),
            }
        }
    },
    "conditional": {
        "plan": {"steps": {"one": manual(when="variables.wanted"), "two": manual(needs=["one"])}}
    },
    "confidential": {"model": "confidential", "plan": {"steps": {"one": manual()}}, "approval": "board-any"},
    "surveyed": {"survey": {"question": "How was it?", "reopen_window": "PT8H"}},
    "surveyed-case": {
        "model": "confidential",
        "survey": {"question": "How was it?", "reopen_window": "PT8H"},
    },
    "dated": {"approval": "dated", "effective_at": "day"},
    "silent": {"effective_at": "day", "silent_until_effective": True},
    "silent-case": {"model": "confidential", "effective_at": "day", "silent_until_effective": True},
    "silent-by-hand": {
        "effective_at": "day",
        "silent_until_effective": True,
        "plan": {"steps": {"one": manual()}},
    },
    "silent-and-asking-all": {
        "effective_at": "day",
        "silent_until_effective": True,
        "approval": "all-undated",
    },
    "silent-and-asking": {"effective_at": "day", "silent_until_effective": True, "approval": "board-any"},
}

POLICIES: dict[str, dict[str, Any]] = {
    "board-any": {"stages": {"board": stage(rule=_ANY)}},
    "board-all": {"stages": {"board": stage(rule={"all": True})}},
    "all-undated": {"stages": {"board": stage(rule={"all": True})}, "material": ["quantity"]},
    "board-two": {"stages": {"board": stage(rule={"count": 2})}},
    "board-half": {"stages": {"board": stage(rule={"percent": 50})}},
    "manager": {"stages": {"line": stage(approvers=[{"manager_of": "requester"}], on_expiry="escalate")}},
    "two-stages": {
        "stages": {"first": stage(), "second": stage(approvers=[{"group": "it-owners"}])},
        "on_rejection": "return",
        "material": ["item", "quantity", "variables"],
    },
    "parallel": {
        "mode": "parallel",
        "stages": {"first": stage(), "second": stage(approvers=[{"group": "it-owners"}])},
    },
    "when": {
        "stages": {"first": stage(when="variables.cost > 100"), "second": stage(when="variables.missing")}
    },
    "one-person": {"stages": {"one": stage(approvers=[{"person": "dan"}])}},
    "picked": {"stages": {"one": stage(approvers=[{"field": "approver"}])}},
    "nobody": {"stages": {"one": stage(approvers=[{"group": "empty"}])}},
    "for-both": {"stages": {"one": stage()}, "exclude": ["requester", "requested_for"]},
    "line-for-both": {
        "stages": {"line": stage(approvers=[{"manager_of": "requester"}])},
        "exclude": ["requester", "requested_for"],
    },
    "alone-allowed": {"stages": {"one": stage(may_delegate=False)}},
    "dated": {"stages": {"one": stage()}, "material": ["effective_at"]},
    "office": {"calendar": "office", "stages": {"one": stage(due="PT16H", remind_at=[50, 75])}},
    "cancelling": {"stages": {"one": stage(on_expiry="cancel")}},
    "approving": {"stages": {"one": stage(on_expiry="approve")}},
    "escalating": {
        "stages": {
            "one": stage(
                approvers=[{"person": "ann"}], on_expiry="escalate", after_escalation="reject", due="PT8H"
            )
        }
    },
    "asking-little": {"stages": {"one": stage(ask_limit="PT4H")}},
}


def catalogue(extra: dict[str, dict[str, Any]] | None = None) -> Organisation:
    """The items above, one item for each policy under the policy's name, and ``extra`` ones."""
    approved = {key: {"approval": key} for key in POLICIES}
    return organisation({**approved, **ITEMS, **(extra or {})}, POLICIES)
