"""``python -m steadydesk.stack.stand_in PORT FILE``: serve on loopback, keep in FILE what was asked, until SIGTERM."""

import os
import signal
import sys
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path

from steadydesk.settings import READY_FILE
from steadydesk.stack.stand_in.server import HOST, server
from steadydesk.stack.stand_in.systems import Systems


def _stop(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def serve(opened: ThreadingHTTPServer) -> None:
    with opened:
        if path := os.environ.get(READY_FILE):
            Path(path).touch()
        opened.serve_forever()


def main() -> None:
    port, kept = int(sys.argv[1]), Path(sys.argv[2])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    print(f"{datetime.now(UTC).isoformat()} stands in for the demo's systems on {HOST}:{port}", flush=True)
    serve(server(port, Systems(kept), os.environ))


if __name__ == "__main__":
    main()
