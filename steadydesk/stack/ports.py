"""TCP ports: which are free, and a clear word about one that is taken."""

import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack

from steadydesk.stack.failure import StackError


def refuse_taken(ports: Mapping[str, tuple[str, int]]) -> None:
    """Check the (host, port) of each setting; the error names each taken one and its variable."""
    taken = [f"port {port} on {host} is taken; stop what uses it, or set {variable}"
             for variable, (host, port) in ports.items() if not is_free(host, port)]  # fmt: skip
    twice = _twice(port for _, port in ports.values())
    taken += [f"port {port} is asked for by {' and '.join(n for n, p in ports.items() if p[1] == port)}"
              for port in twice]  # fmt: skip
    if taken:
        raise StackError("\n".join(taken))


def is_free(host: str, port: int) -> bool:
    """Whether this process could listen on `port` now."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the servers do: an old connection in TIME_WAIT does not keep a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """`count` different loopback ports that nothing uses at this moment."""
    with ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in sockets]


def _twice(ports: Iterable[int]) -> list[int]:
    seen: set[int] = set()
    return sorted({port for port in ports if port in seen or seen.add(port)})
