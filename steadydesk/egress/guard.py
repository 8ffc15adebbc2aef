"""The one guard of every outbound connection: what may be reached, and by which checked address."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from steadydesk.egress.addresses import Address, Network, open_to_names, special_use, unwrap
from steadydesk.egress.errors import BadConfiguration, Blocked, Unavailable

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Numeric addresses of a host for a port; raises OSError when there are none."""

_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Destination:
    """A host that was allowed and the addresses that were checked for it: connect to these, by number.
    `host` is lower-case, in IDNA form, for SNI and certificates.
    """

    host: str
    port: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the allow-list: a name or a network, for one port or (None) for all."""

    name: str | None
    network: Network | None
    port: int | None

    def covers(self, host: str, address: Address, port: int) -> bool:
        if self.port not in (None, port):
            return False
        if self.network is not None:
            return address in self.network
        return self.name == host

    @property
    def by_name(self) -> bool:
        return self.network is None


async def system_resolver(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class EgressGuard:
    """`allow` lists hosts (`mail.corp`), hosts with port (`127.0.0.1:8025`, `[::1]:8025`) and networks
    (`10.1.0.0/16`). A listed destination may be private and may be spoken to without encryption. So may those
    that settings of their own name (`named`: host and port), which open no link-local, multicast, metadata or
    unspecified address, not even where they are numbers.
    """

    def __init__(
        self,
        allow: Iterable[str] = (),
        resolver: Resolver = system_resolver,
        *,
        named: Iterable[tuple[str, int]] = (),
    ) -> None:
        own = (_Entry(_named_host(host), None, port) for host, port in named)
        self._entries = (*(_parse_entry(text) for text in allow), *own)
        self._resolver = resolver

    async def check_url(self, url: str) -> Destination:
        """Destination of an absolute http(s) URL without user name. Raises Blocked, or Unavailable when
        the name does not resolve.
        """
        host, port = endpoint_of(url)
        return await self.check_endpoint(host, port, encrypted=split_url(url).scheme == "https")

    async def check_endpoint(self, host: str, port: int, *, encrypted: bool) -> Destination:
        """Destination of a host and port of any protocol; errors as `check_url`. Every address the name
        has must be allowed: a name with one public and one private address is an attack or a mistake.
        """
        host = normal_host(host)
        try:
            numbers = await self._resolver(host, port)
        except OSError:
            raise Unavailable(f"host {host} does not resolve") from None
        if not numbers:
            raise Unavailable(f"host {host} does not resolve")
        for number in numbers:
            self._check_address(host, ip_address(number), port, encrypted)
        return Destination(host, port, tuple(numbers))

    async def connect(self, host: str, port: int, *, encrypted: bool) -> tuple[Destination, socket.socket]:
        """A connected, non-blocking TCP socket to a checked address, for protocols other than HTTP. The
        caller bounds the time and closes the socket.
        """
        destination = await self.check_endpoint(host, port, encrypted=encrypted)
        for number in destination.addresses:
            opened = await _open_socket(number, port)
            if opened is not None:
                return destination, opened
        raise Unavailable(f"no connection to {destination.host}:{port}")

    def _check_address(self, host: str, address: Address, port: int, encrypted: bool) -> None:
        plain = unwrap(address)
        covering = [entry for entry in self._entries if entry.covers(host, plain, port)]
        use = special_use(address)
        if use is not None and not _opened(covering, use):
            raise Blocked(f"{host}:{port} leads to a {use} address that is not on the allow-list")
        if not encrypted and not covering:
            raise Blocked(f"{host}:{port} is not on the allow-list for unencrypted connections")


def split_url(url: str) -> SplitResult:
    """Parts of an absolute http(s) URL without user name; raises Blocked for any other text."""
    # urlsplit silently drops tabs and line ends, so another parser could see another host.
    if not url.isprintable() or any(sign in url for sign in " \\"):
        raise Blocked("the URL holds a space, a backslash or a control character")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Blocked("the URL cannot be read") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise Blocked("only absolute https URLs (http where allow-listed) may be reached")
    if parts.username is not None or parts.password is not None:
        raise Blocked("a URL with a user name or password is not allowed; use a secret reference")
    return parts


def endpoint_of(url: str) -> tuple[str, int]:
    """Host and port of an absolute http(s) URL without user name; raises Blocked for any other text."""
    parts = split_url(url)
    return parts.hostname or "", _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port


def normal_host(host: str) -> str:
    """Lower-case IDNA form without the root's dot; raises Blocked for what is no host name."""
    host = host.strip("[]").rstrip(".").lower()
    try:
        ascii_host = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        raise Blocked("the host name has no valid IDNA form") from None
    if not ascii_host or any(sign in ascii_host for sign in "\x00\r\n\t /\\@%?#*"):
        raise Blocked("the host is not a host name")
    return ascii_host


def _named_host(text: str) -> str:
    try:
        return normal_host(text)
    except Blocked:
        raise BadConfiguration(f"a setting names {text!r}, which is no host") from None


def _opened(covering: list[_Entry], use: str) -> bool:
    return any(open_to_names(use) or not entry.by_name for entry in covering)


def _parse_entry(text: str) -> _Entry:
    if "/" in text:
        try:
            return _Entry(None, ip_network(text), None)
        except ValueError as error:
            raise BadConfiguration(f"egress allow-list: {text!r} is no network: {error}") from None
    bare = text if text.count(":") < 2 or text.startswith("[") else f"[{text}]"
    try:
        parts = urlsplit(f"//{bare}")
        host, port = normal_host(parts.hostname or ""), parts.port
    except (ValueError, Blocked):
        host, port = "", None
    if not host or "@" in text:
        raise BadConfiguration(f"egress allow-list: {text!r} is no host, host:port or network")
    try:
        return _Entry(None, ip_network(unwrap(ip_address(host))), port)
    except ValueError:
        return _Entry(host, None, port)


async def _open_socket(number: str, port: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in number else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setblocking(False)  # noqa: FBT003 - the signature of the standard library
    try:
        await asyncio.get_running_loop().sock_connect(opened, (number, port))
    except OSError:
        opened.close()
        return None
    except BaseException:
        opened.close()
        raise
    return opened
