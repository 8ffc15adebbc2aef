"""The worker with its statements counted, and with ``STEADYDESK_BENCH_PROFILE`` under cProfile; says it at its end."""

import asyncio
import cProfile
import os
import pstats
import sys
from collections import Counter
from typing import Any

from sqlalchemy import Engine, event

import worker
from steadydesk.logs import configure_logs
from steadydesk.settings import settings

PROFILE = "STEADYDESK_BENCH_PROFILE"
_statements: Counter[str] = Counter()


@event.listens_for(Engine, "before_cursor_execute")
def _count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    _statements[" ".join(statement.split())] += 1


def main() -> None:
    current = settings()
    configure_logs(current.log_level, current.log_format)
    profile = cProfile.Profile()
    wanted = bool(os.environ.get(PROFILE))
    if wanted:
        profile.enable()
    asyncio.run(worker.run(current))
    profile.disable()
    for statement, times in _statements.most_common():
        print(f"{times:7} {statement[:150]}")
    if wanted:
        statistics = pstats.Stats(profile, stream=sys.stdout)
        statistics.sort_stats("tottime").print_stats(60)
        statistics.sort_stats("cumulative").print_stats(140)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
