"""`python -m tests.faults --seeds n`: n runs of 200 orders under kills; ends with 1 where something does not hold."""

import argparse
import sys
from pathlib import Path

from tests.faults.run import Report, Size, run_in_folder


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="number of runs")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--requests", type=int, default=Size.requests, help="orders of one run")
    parser.add_argument("--kills", type=int, default=Size.kills, help="kills of one run at most")
    parser.add_argument("--keep", type=Path, help="folder that keeps the state and logs of every run")
    chosen = parser.parse_args()
    size = Size(requests=chosen.requests, kills=chosen.kills)
    reports: list[Report] = []
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        report = run_in_folder(seed, size, chosen.keep)
        reports.append(report)
        for violation in report.violations:
            print(f"seed {seed}: VIOLATION {violation}", flush=True)
        print(report.line(), flush=True)
    violations = sum(len(report.violations) for report in reports)
    print(f"{len(reports)} seeds, {sum(report.faults for report in reports)} faults, {violations} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
