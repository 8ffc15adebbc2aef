"""``python -m bench``: measure, print the table, write ``bench/results/latest.json``."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bench import events, flood, latency, lists, pages, profiling, throughput, waiting
from bench.fill import fill
from bench.measure import Measure, table, write
from bench.scene import Scene, scene
from bench.sizes import FULL, QUICK, Sizes

RESULTS = Path(__file__).with_name("results") / "latest.json"


Part = Callable[[Scene, Sizes], Awaitable[list[Measure]]]


async def _processes(on: Scene, sizes: Sizes) -> list[Measure]:
    return [
        *await throughput.measure(on, sizes),
        *await latency.measure(on, sizes),
        *await events.measure(on),
    ]


async def _lists(large: Scene, sizes: Sizes) -> list[Measure]:
    """Lists and pages in a small and in a large database: two stacks side by side, read in turn."""
    few, many = sizes.records
    async with scene() as small:
        await fill(small, few)
        await fill(large, many)
        return [
            *await lists.measure(small, large, sizes),
            *await pages.measure(small, large, sizes),
        ]


_PARTS: dict[str, Part] = {
    "processes": _processes,
    "waiting": waiting.measure,
    "lists": _lists,
    "flood": flood.measure,
}
"""Each on a stack of its own, so that none measures what another has left; a quick run measures nothing."""

_SCENES: dict[str, Callable[[], AbstractAsyncContextManager[Scene]]] = {
    "flood": lambda: scene(quota=flood.PER_MINUTE)
}
"""For the parts that need another stack than the rest."""


async def run(names: list[str], sizes: Sizes) -> list[Measure]:
    measures: list[Measure] = []
    together = [name for name in names if name not in _SCENES] if sizes is QUICK else []
    for group in filter(None, (together, *([name] for name in names if name not in together))):
        async with _SCENES.get(group[0], scene)() as on:
            for name in group:
                print(f"{name}:", flush=True)
                measures += await _PARTS[name](on, sizes)
    return measures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of: {', '.join(_PARTS)}; default all")
    parser.add_argument("--quick", action="store_true", help="a short run that says nothing about speed")
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", help="instead: where the time of an order goes"
    )
    parser.add_argument("--out", type=Path, help=f"default: {RESULTS.name} in {RESULTS.parent.name}/")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(_PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(_PARTS)}")
    sizes = QUICK if arguments.quick else FULL
    if arguments.profile is not None:
        asyncio.run(profiling.profile(sizes.orders, sizes.lanes, arguments.profile))
        return
    whole = not arguments.quick and not arguments.parts
    measures = asyncio.run(run(arguments.parts or list(_PARTS), sizes))
    print(table(measures))
    out: Path | None = arguments.out or (RESULTS if whole else None)
    if out is not None:
        write(measures, out)


if __name__ == "__main__":
    main()
