"""`python -m bench.real_requests [LOG ...]`: real requests for payment, replayed through the public API."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.real_requests.case import Case, case_of
from bench.real_requests.replay import Outcome, Verdict
from bench.real_requests.report import is_good, report
from bench.real_requests.run import Progress, open_desk, replay_all
from bench.real_requests.selection import select
from bench.real_requests.xes import XesError, read_traces

PUBLIC_LOG = Path(__file__).parents[3] / "shared/data/bpic2020_RequestForPayment.xes.xz"
"""Where the log is looked for when none is named: BPI Challenge 2020, Request For Payment."""

_MISSING = """No log is named, and {log} is not there.
Download "BPI Challenge 2020: Request For Payment" from https://data.4tu.nl and name its file (.xes, .gz or .xz)"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay real requests for payment through the public API of a stack of their own.

    The exit code is 0 when every case is matched or explained, 1 when one is not, 2 when there is nothing to replay.
    """
    options = _options(arguments)
    try:
        cases = _cases(options.logs)
    except XesError as error:
        print(error, file=sys.stderr)
        return 2
    chosen = cases if options.all else select(cases, options.cases, options.seed)
    print(
        f"{len(cases)} cases of {_variants(cases)} variants; replaying {len(chosen)} of {_variants(chosen)}"
    )
    began = time.monotonic()
    outcomes = asyncio.run(_replay(chosen, options.clients, options.keep))
    print(f"seed {options.seed}, {options.clients} clients, {time.monotonic() - began:.0f} s")
    print(*report(outcomes), sep="\n")
    return 0 if is_good(outcomes) else 1


def _cases(logs: Sequence[Path]) -> list[Case]:
    if not logs and not PUBLIC_LOG.exists():
        raise XesError(_MISSING.format(log=PUBLIC_LOG.name))
    logs = logs or [PUBLIC_LOG]
    cases = [case_of(trace) for log in logs for trace in read_traces(log)]
    if not cases:
        raise XesError(f"there is no case in {', '.join(map(str, logs))}")
    return cases


async def _replay(cases: Sequence[Case], clients: int, kept: Path | None) -> list[Outcome]:
    async with open_desk(kept) as desk:
        return await replay_all(cases, desk, clients=clients, progress=_progress(len(cases)))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.real_requests", description=(main.__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "logs", nargs="*", type=Path, help="XES files; default: the log of BPI Challenge 2020"
    )
    parser.add_argument("--cases", type=int, default=800, help="how many cases to replay (default 800)")
    parser.add_argument("--all", action="store_true", help="replay every case of the logs")
    parser.add_argument("--seed", type=int, default=2020, help="of the sample (default 2020)")
    parser.add_argument("--clients", type=int, default=12, help="cases under way at a time (default 12)")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the stack of the run, with its logs, in DIR"
    )
    return parser.parse_args(arguments)


def _variants(cases: Sequence[Case]) -> int:
    return len({case.variant for case in cases})


def _progress(total: int) -> Progress:
    """A line for each hundred cases, and one for each that is not explained, as soon as it is known."""
    done = 0

    def tell(outcome: Outcome) -> None:
        nonlocal done
        done += 1
        if outcome.verdict is Verdict.UNEXPLAINED:
            print(f"{outcome.case.name} ({outcome.number}): {outcome.why}", flush=True)
        if done % 100 == 0:
            print(f"{done} of {total}", flush=True)

    return tell


if __name__ == "__main__":
    sys.exit(main())
