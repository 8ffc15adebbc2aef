"""What the README says of the benchmark is what its last run gave."""

import json
import re

from tests.support.stacks import REPOSITORY


def test_the_readme_counts_the_rows_of_the_last_run() -> None:
    rows = json.loads((REPOSITORY / "bench" / "results" / "latest.json").read_text())
    aimed = [row for row in rows if row["target"] is not None]
    told = re.search(
        r"of the (\d+) rows of the last run (\d+) have a target, and (\d+) met it",
        (REPOSITORY / "README.md").read_text(),
    )
    assert told is not None
    assert [int(count) for count in told.groups()] == [
        len(rows),
        len(aimed),
        sum(row["met"] for row in aimed),
    ]
