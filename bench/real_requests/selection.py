"""Which cases are replayed: every rare one, one of each variant at least, and a seeded sample of the others."""

import random
from collections import defaultdict
from collections.abc import Sequence

from bench.real_requests.case import Case

RARE = 3
"""Variants of so many cases at most are replayed in full."""


def select(cases: Sequence[Case], wanted: int, seed: int) -> list[Case]:
    """``wanted`` cases of the log, or more where its variants ask for more; the same for the same seed."""
    chance = random.Random(seed)
    by_variant: defaultdict[tuple[str, ...], list[Case]] = defaultdict(list)
    for case in cases:
        by_variant[case.variant].append(case)
    chosen: list[Case] = []
    others: list[Case] = []
    for alike in by_variant.values():
        chance.shuffle(alike)
        taken = len(alike) if len(alike) <= RARE else 1
        chosen += alike[:taken]
        others += alike[taken:]
    more = min(max(wanted - len(chosen), 0), len(others))
    chosen += chance.sample(others, more)
    chance.shuffle(chosen)
    return chosen
