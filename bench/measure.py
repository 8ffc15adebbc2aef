"""What a measurement is: a row with its target, and the table and file of a run."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Measure:
    """One row. ``ratio`` is ours to bare, or what the name says; None where there is nothing to compare."""

    name: str
    ours: float
    bare: float | None = None
    ratio: float | None = None
    target: str | None = None
    met: bool | None = None


def at_least(name: str, ours: Sequence[float], bare: Sequence[float], least: float) -> Measure:
    """Median of the rounds' ratios, which must not be below ``least``."""
    return _compared(name, ours, bare, least, f"ratio >= {least:g}", above=True)


def at_most(name: str, ours: Sequence[float], bare: Sequence[float], most: float) -> Measure:
    """Median of the rounds' ratios, which must not be above ``most``."""
    return _compared(name, ours, bare, most, f"ratio <= {most:g}", above=False)


def limit(name: str, ours: float, most: float, unit: str, bare: float | None = None) -> Measure:
    """A number of our own that must not be above ``most``."""
    ratio = round(ours / bare, 3) if bare else None
    rounded = None if bare is None else round(bare, 2)
    return Measure(name, round(ours, 2), rounded, ratio, f"ours <= {most:g} {unit}".strip(), ours <= most)


def told(name: str, ours: float, bare: float | None = None) -> Measure:
    """A number without a target."""
    ratio = round(ours / bare, 3) if bare else None
    return Measure(name, round(ours, 2), None if bare is None else round(bare, 2), ratio)


def _compared(
    name: str, ours: Sequence[float], bare: Sequence[float], bound: float, target: str, *, above: bool
) -> Measure:
    ratio = median(one / other for one, other in zip(ours, bare, strict=True))
    met = ratio >= bound if above else ratio <= bound
    return Measure(name, round(median(ours), 2), round(median(bare), 2), round(ratio, 3), target, met)


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that ``percent`` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-len(ordered) * percent // 100) - 1)]


def table(measures: Sequence[Measure]) -> str:
    """Aligned columns for a terminal."""
    head = ("measure", "ours", "bare", "ratio", "target", "met")
    lines = [head, *(tuple(map(_cell, asdict(measure).values())) for measure in measures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def write(measures: Sequence[Measure], path: Path) -> None:
    """The rows as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(measure) for measure in measures], indent=2) + "\n")


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "NO"
        case float():
            return f"{value:,.10g}"
        case _:
            return str(value)
