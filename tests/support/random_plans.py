"""Random plans: any graph of up to twelve steps of every kind, with every way to fail and to be taken back."""

from typing import Any

from hypothesis import strategies as st

from tests.support.requests import automated, manual

KINDS = ("manual", "connector", "approval", "wait", "request")
WAYS_BACK: list[dict[str, Any] | None] = [
    None,
    {"nothing": "It does no harm."},
    {"group": "desk", "instruction": "Take it back."},
    {"call": {"connector": "remote", "operation": "delete", "values": {}}},
]


@st.composite
def plans(draw: st.DrawFn, most: int = 12, kinds: tuple[str, ...] = KINDS) -> dict[str, dict[str, Any]]:
    """Steps by key; each needs only steps before it, and stands anywhere in the plan."""
    count = draw(st.integers(0, most))
    steps: dict[str, dict[str, Any]] = {}
    for place in range(count):
        needs = draw(st.lists(st.sampled_from(sorted(steps)), unique=True, max_size=3)) if steps else []
        steps[f"s{place}"] = _step(draw, draw(st.sampled_from(kinds))) | {"needs": needs}
    return dict(draw(st.permutations(list(steps.items()))))


def _step(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    special = {"on_failure": draw(st.sampled_from(["fail", "skip", "ask"]))}
    match kind:
        case "manual":
            return manual(**special, undo=draw(st.sampled_from(WAYS_BACK)))
        case "connector":
            return automated(**special, undo=draw(st.sampled_from(WAYS_BACK)))
        case "approval":
            return {"kind": kind, "label": "Approval", "policy": "capacity"}
        case "wait":
            return {"kind": kind, "label": "Wait", "until": {"value": "2026-03-10"}}
        case _:
            return {"kind": kind, "label": "Request", "item": "item", **special}
