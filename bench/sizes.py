"""How large a run is: the full numbers, and a small one that only shows that everything runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    rounds: int = 5
    orders: int = 120
    """Complete orders per variant and round."""
    lanes: int = 16
    """Orders under way at the same time."""
    calls: int = 40
    """Single calls per variant and round."""
    waiting: tuple[int, int] = (500, 5_000)
    idle_seconds: float = 60
    calm_seconds: float = 60
    """How long after the last start the idle cost is not measured yet, while caches and indexes settle."""
    records: tuple[int, int] = (2_000, 200_000)
    reads: int = 60
    flooded_reads: int = 400


FULL = Sizes()
QUICK = Sizes(
    rounds=1,
    orders=6,
    lanes=3,
    calls=3,
    waiting=(5, 15),
    idle_seconds=1,
    calm_seconds=0,
    records=(200, 400),
    reads=5,
    flooded_reads=10,
)
