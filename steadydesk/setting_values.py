"""The kinds of values that settings take, each with the sentence that says what is wrong with another one."""

from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field


def is_loopback(host: str) -> bool:
    """Whether the host is this machine and no other can mean it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def as_text(value: object) -> str:
    """As an environment variable holds it; a path independent of the working folder."""
    if isinstance(value, Path):
        return str(value.absolute())
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)


def _asyncpg_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme not in ("postgresql", "postgres", "postgresql+asyncpg") or not rest:
        raise ValueError("a database URL reads postgresql://user:password@host:port/database")
    return f"postgresql+asyncpg://{rest}"


def _mail_server(url: str) -> str:
    parts = urlsplit(url)
    known = parts.scheme in ("smtp", "smtps")
    if not (known and parts.hostname and _has_no_wrong_port(parts)):
        raise ValueError("a mail server reads smtp://host:port or smtps://host:port")
    return url


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    known = parts.scheme in ("http", "https") and not (parts.query or parts.fragment or parts.path.strip("/"))
    if not (known and parts.hostname and _has_no_wrong_port(parts)):
        raise ValueError("a web address reads https://host or https://host:port, without a path")
    return url.rstrip("/")


def _web_base(url: str) -> str:
    parts = urlsplit(url)
    known = parts.scheme in ("http", "https") and not (parts.query or parts.fragment)
    if not (known and parts.hostname and _has_no_wrong_port(parts)):
        raise ValueError("a web address reads https://host, https://host:port or https://host/path")
    return url


def _has_no_wrong_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _mail_sender(sender: str) -> str:
    local, _, host = parseaddr(sender)[1].rpartition("@")
    if not local or not host or not sender.isprintable():
        raise ValueError("a sender reads name@host or Some Name <name@host>")
    return sender


def _egress_target(target: str) -> str:
    try:
        if "/" in target:
            ip_network(target)
    except ValueError:
        raise ValueError(f"{target!r} is no network; write a host, host:port or 10.1.0.0/16") from None
    return target


def _temporal_target(address: str) -> str:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) not in range(1, 65536) or "/" in address:
        raise ValueError("a Temporal address reads host:port, without a scheme")
    return address


def _split_words(words: object) -> object:
    return tuple(words.replace(",", " ").split()) if isinstance(words, str) else words


def _anchor_sink(sink: str) -> str:
    parts = urlsplit(sink)
    complete = parts.path if parts.scheme == "syslog+unix" else parts.hostname
    known = parts.scheme in ("syslog", "syslog+tcp", "syslog+unix", "https", "http")
    _ = parts.port  # a ValueError for what is no port
    if sink != "file" and not (known and complete):
        raise ValueError(f"{sink!r} is neither file, nor a syslog://, syslog+tcp:// or https:// address")
    return sink


Port = Annotated[int, Field(ge=1, le=65535)]
AnchorSink = Annotated[str, AfterValidator(_anchor_sink)]
DatabaseUrl = Annotated[str, AfterValidator(_asyncpg_url)]
EgressTarget = Annotated[str, AfterValidator(_egress_target)]
MailSender = Annotated[str, AfterValidator(_mail_sender)]
MailServer = Annotated[str, AfterValidator(_mail_server)]
TemporalTarget = Annotated[str, AfterValidator(_temporal_target)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
WebBase = Annotated[str, AfterValidator(_web_base)]
"""Kept as it is given: an issuer is compared letter by letter."""
SplitWords = BeforeValidator(_split_words)
"""Words separated by commas or spaces, as a tuple."""
