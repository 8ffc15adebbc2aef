"""The kinds of connectors: the shipped ones and those that installed packages add by entry point."""

import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from steadydesk.connectors.errors import BadConfiguration
from steadydesk.connectors.http import HttpConnector
from steadydesk.connectors.http_model import HttpConfiguration
from steadydesk.connectors.manual import ManualConfiguration, ManualConnector
from steadydesk.connectors.protocol import Connector
from steadydesk.connectors.smtp import SmtpConfiguration, SmtpConnector
from steadydesk.connectors.webhook import WebhookConfiguration, WebhookConnector, WebhookSender
from steadydesk.egress.exchange import HttpExchange
from steadydesk.egress.guard import EgressGuard

GROUP = "steadydesk.connectors"

Configuration = TypeVar("Configuration", bound=BaseModel)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every connector is given besides its configuration. Every connection has to go through `guard`;
    `tls` verifies certificates and names for HTTP, `mail_tls` (None: by the system's authorities) for SMTP;
    `now` gives aware instants. They are two because a context offers the protocol that it was used for
    (ALPN), and some mail servers refuse a client that offers HTTP.
    """

    guard: EgressGuard
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    now: Callable[[], datetime] = utc_now
    mail_tls: ssl.SSLContext | None = None

    def exchange(self, largest_answer: int = 1_000_000) -> HttpExchange:
        return HttpExchange(self.guard, self.tls, self.now, largest_answer)


@dataclass(frozen=True, slots=True)
class ConnectorKind(Generic[Configuration]):
    """What an entry point of the group `steadydesk.connectors` leads to; its name is the kind's name.
    `configuration` is a pydantic model with `extra="forbid"`.
    """

    name: str
    configuration: type[Configuration]
    build: Callable[[Configuration, Surroundings], Connector]


def _http(configuration: HttpConfiguration, surroundings: Surroundings) -> Connector:
    return HttpConnector(configuration, surroundings.exchange(configuration.largest_answer))


def _smtp(configuration: SmtpConfiguration, surroundings: Surroundings) -> Connector:
    tls = surroundings.mail_tls or ssl.create_default_context()
    return SmtpConnector(configuration, surroundings.guard, tls, surroundings.now)


def _webhook(configuration: WebhookConfiguration, surroundings: Surroundings) -> Connector:
    return WebhookConnector(configuration, WebhookSender(surroundings.exchange(), surroundings.now))


def _manual(configuration: ManualConfiguration, surroundings: Surroundings) -> Connector:
    del surroundings
    return ManualConnector(configuration)


SHIPPED: tuple[ConnectorKind, ...] = (
    ConnectorKind("http", HttpConfiguration, _http),
    ConnectorKind("smtp", SmtpConfiguration, _smtp),
    ConnectorKind("webhook", WebhookConfiguration, _webhook),
    ConnectorKind("manual", ManualConfiguration, _manual),
)


class ConnectorRegistry:
    def __init__(self, kinds: Iterable[ConnectorKind]) -> None:
        self._kinds: dict[str, ConnectorKind] = {}
        for kind in kinds:
            if kind.name in self._kinds:
                raise BadConfiguration(f"two connector kinds are named {kind.name!r}")
            self._kinds[kind.name] = kind

    @property
    def kinds(self) -> Mapping[str, ConnectorKind]:
        return dict(self._kinds)

    def configuration(self, kind: str, values: Mapping[str, JsonValue]) -> BaseModel:
        """The checked configuration of a connector; raises BadConfiguration with every fault's place."""
        try:
            return self._kind(kind).configuration.model_validate(dict(values))
        except ValidationError as error:
            raise BadConfiguration(f"{kind}: {_faults(error)}") from None

    def build(self, kind: str, values: Mapping[str, JsonValue], surroundings: Surroundings) -> Connector:
        return self._kind(kind).build(self.configuration(kind, values), surroundings)

    def _kind(self, name: str) -> ConnectorKind:
        if name not in self._kinds:
            raise BadConfiguration(f"there is no connector kind {name!r}; there are {sorted(self._kinds)}")
        return self._kinds[name]


def load_registry(found: Iterable[EntryPoint] | None = None) -> ConnectorRegistry:
    """Shipped kinds and those of installed packages. A package that cannot be loaded is an error, not a
    silence: plans rely on its kind.
    """
    points = entry_points(group=GROUP) if found is None else found
    return ConnectorRegistry([*SHIPPED, *map(_load, points)])


def _load(point: EntryPoint) -> ConnectorKind:
    try:
        kind = point.load()
    except Exception as error:  # A third party's import may raise anything.
        raise BadConfiguration(f"connector kind {point.name!r} ({point.value}): {error}") from error
    if not isinstance(kind, ConnectorKind) or kind.name != point.name:
        raise BadConfiguration(f"entry point {point.name!r} ({point.value}) is no ConnectorKind of that name")
    return kind


def _faults(error: ValidationError) -> str:
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'configuration'}: {fault['msg']}" for fault in faults
    )
