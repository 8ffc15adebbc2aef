"""What the API asks of the OIDC issuer, through the egress guard: capped in time and size, without redirects."""

import json
import ssl
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog

from steadydesk.egress.errors import Blocked, EgressFault
from steadydesk.egress.exchange import HttpExchange, HttpRequest
from steadydesk.egress.guard import EgressGuard, endpoint_of
from steadydesk.errors import Unavailable
from steadydesk.setting_values import is_loopback

TOTAL_SECONDS = 5.0
"""For everything from the connection to the last byte, however slowly they come."""

_LARGEST_ANSWER = 262_144

_log = structlog.get_logger(__name__)


class NoAnswerError(Exception):
    """Nothing readable came, not in time, or more than is read."""


class IssuerExchange:
    """Asks one issuer, and what it publishes, as far as ``guard`` lets it."""

    def __init__(self, guard: EgressGuard) -> None:
        tls = ssl.create_default_context()
        self._exchange = HttpExchange(guard, tls, lambda: datetime.now(UTC), _LARGEST_ANSWER)

    @classmethod
    def of(cls, issuer: str, allow: Iterable[str]) -> "IssuerExchange":
        """The operator names the issuer, so that it may be a private one; what it publishes may be so on its own host
        and port, and elsewhere as ``allow``, the egress allow-list, says.
        """
        return cls(EgressGuard(allow, named=[endpoint_of(issuer)]))

    async def ask(
        self, method: str, address: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, Any]:
        """Status and JSON (None for anything else) of the answer. NoAnswerError where there is none; Unavailable where
        the guard refuses the address, which the log names.
        """
        request = HttpRequest(method, address, headers or {}, body)
        try:
            answer = await self._exchange.send(request, timedelta(seconds=TOTAL_SECONDS))
        except Blocked as blocked:
            _log.warning("oidc_address_refused", reason=blocked.message, setting="STEADYDESK_EGRESS_ALLOW")
            raise Unavailable(
                "The sign-in service has an address that may not be reached from here; the log says which."
            ) from None
        except (EgressFault, ValueError) as error:
            raise NoAnswerError(type(error).__name__) from None
        if answer.body is None:
            raise NoAnswerError("the answer broke off or is too large")
        return answer.status, _json_in(answer.body)


def _json_in(content: bytes) -> Any:
    """None for what is no JSON, such as the page of a proxy."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def is_safe(address: str, issuer: str) -> bool:
    """Whether what the issuer publishes may be asked: by https, or on this machine where the issuer is as well. Where
    it leads to is the guard's to say.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    plain = parts.scheme == "http" and issuer.startswith("http:") and is_loopback(parts.hostname or "")
    return bool(parts.hostname) and (parts.scheme == "https" or plain)
