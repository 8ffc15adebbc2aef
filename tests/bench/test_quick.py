"""The short run of the benchmark: that it runs and what it writes, never how fast anything is."""

import json
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_the_quick_run_writes_a_row_per_measure(tmp_path: Path) -> None:
    out = tmp_path / "latest.json"

    ran = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--out", str(out)],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    rows = json.loads(out.read_text())
    assert all(set(row) == {"name", "ours", "bare", "ratio", "target", "met"} for row in rows)
    assert all(isinstance(row["met"], bool) for row in rows if row["target"])
    assert all(isinstance(row["ours"], int | float) for row in rows)
    names = " ".join(row["name"] for row in rows if row["target"])
    for subject in (
        "orders per second",
        "POST /requests",
        "decision",
        "events",
        "kB",
        "% of one core",
        "inbox",
        "page: home",
    ):
        assert subject in names
    events = next(row for row in rows if row["name"] == "events of a one-approval request")
    assert 10 < events["bare"] <= events["ours"]


def test_an_unknown_part_is_named() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench", "everything"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 2
    assert "there is no part everything; there are processes, waiting, lists, flood" in ran.stderr
