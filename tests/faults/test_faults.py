"""The seeded slice of `make faults`: kills in a short run, on the real stack, through the public API."""

from pathlib import Path

from tests.faults.run import Size, run_seed

SEED = 2
SLICE = Size(requests=30, kills=6, gap=(0.5, 2.5), ghosts=False)


async def test_what_was_accepted_ends_right_whatever_is_killed(tmp_path: Path) -> None:
    report = await run_seed(SEED, SLICE, tmp_path)
    print(report.line())
    assert report.violations == []
    assert sum(report.ends.values()) == SLICE.requests
    assert sum(report.kills.values()) >= SLICE.kills
    assert report.outside_faults > 0
