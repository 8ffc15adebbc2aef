"""``python -m bench``: measure, print the table, write ``bench/results/latest.json``."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bench import events, flood, latency, lists, pages, profiling, throughput, waiting
from bench.measure import Measure, table, write
from bench.scene import Scene, scene
from bench.sizes import FULL, QUICK, Sizes

RESULTS = Path(__file__).with_name("results") / "latest.json"


async def _processes(on: Scene, sizes: Sizes) -> list[Measure]:
    return [
        *await throughput.measure(on, sizes),
        *await latency.measure(on, sizes),
        *await events.measure(on),
    ]


_PARTS: dict[str, Callable[[Scene, Sizes], Awaitable[list[Measure]]]] = {
    "processes": _processes,
    "waiting": waiting.measure,
    "lists": lists.measure,
    "pages": pages.measure,
    "flood": flood.measure,
}
"""Each on a stack of its own, so that none measures what another has left."""

_SCENES: dict[str, Callable[[], AbstractAsyncContextManager[Scene]]] = {
    "flood": lambda: scene(quota=flood.PER_MINUTE)
}
"""For the parts that need another stack than the rest."""


async def run(names: list[str], sizes: Sizes) -> list[Measure]:
    measures: list[Measure] = []
    for name in names:
        print(f"{name}:", flush=True)
        async with _SCENES.get(name, scene)() as on:
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
