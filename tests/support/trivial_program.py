"""Stands in for worker and API where only their supervision is tested: says it is ready, waits for SIGTERM.

The arguments `serve PORT` make it listen, as the API does.
"""

import os
import signal
import socket
import sys
from pathlib import Path


def main() -> None:
    listener = socket.create_server(("127.0.0.1", int(sys.argv[2]))) if sys.argv[1:2] == ["serve"] else None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("trivial: [warning  ] low on paint", flush=True)
    Path(os.environ["STEADYDESK_READY_FILE"]).touch()
    signal.pause()
    if listener:
        listener.close()


main()
