"""The smtp connector: one ready e-mail, handed to one server, to all of its recipients or to none."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from enum import StrEnum
from typing import NoReturn

import aiosmtplib
from pydantic import BaseModel, ConfigDict, Field

from steadydesk.connectors.errors import (
    BadConfiguration,
    ConnectorFault,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from steadydesk.connectors.mail import Mail, Mailbox, compose, message_id_of, parse_mail
from steadydesk.connectors.one_way import OneWay
from steadydesk.connectors.protocol import ConnectorCall, ConnectorResult, OperationFacts
from steadydesk.connectors.secrets import SecretReference
from steadydesk.egress.guard import EgressGuard

SEND = "send"
_INPUTS = frozenset({"to", "subject", "text"})
_OPTIONAL = frozenset(Mail.model_fields) - _INPUTS


class Encryption(StrEnum):
    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"  # only where the egress allow-list has the server


class SmtpConfiguration(BaseModel):
    """`domain` is the right side of Message-IDs and of EHLO; `sender` is the default From."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str = Field(min_length=1, max_length=253)
    port: int = Field(default=465, ge=1, le=65_535)
    encryption: Encryption = Encryption.TLS
    sender: Mailbox
    domain: str = Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$")
    username: str | None = Field(default=None, min_length=1, max_length=200)
    password: SecretReference | None = None


@dataclass(slots=True)
class _Progress:
    """Whether the text may have reached the server, and whether it said yes."""

    handing_over: bool = False
    accepted: bool = False


class SmtpConnector(OneWay):
    def __init__(
        self,
        configuration: SmtpConfiguration,
        guard: EgressGuard,
        tls: ssl.SSLContext,
        now: Callable[[], datetime],
    ) -> None:
        if (configuration.username is None) != (configuration.password is None):
            raise BadConfiguration("smtp: give both username and password, or neither")
        super().__init__("A mail cannot be called back: tell its recipients that it no longer holds.")
        self._configuration = configuration
        self._guard = guard
        self._tls = tls
        self._now = now

    def facts(self, operation: str) -> OperationFacts:
        if operation != SEND:
            raise BadConfiguration(f"there is no operation {operation!r}; there is {SEND}")
        return OperationFacts(inputs=_INPUTS, optional=_OPTIONAL, outputs=frozenset({"message_id"}))

    async def perform(self, call: ConnectorCall) -> ConnectorResult:
        """The Message-ID follows from the idempotency key. Recipients that the server refuses refuse the
        whole mail; an answer lost after the text was handed over is OutcomeUnknown.
        """
        self.facts(call.operation)
        mail = parse_mail(call.values)
        message_id = message_id_of(call.idempotency_key, self._configuration.domain)
        message = compose(mail, self._configuration.sender, message_id, self._now())
        await self._hand_over(call, message, [mailbox.address for mailbox in mail.to])
        return ConnectorResult({"message_id": message_id}, message_id)

    async def _hand_over(self, call: ConnectorCall, message: EmailMessage, to: list[str]) -> None:
        progress = _Progress()
        try:
            async with asyncio.timeout(call.timeout.total_seconds()):
                await self._converse(call, message, to, progress)
        except ConnectorFault:
            raise
        except (TimeoutError, OSError, aiosmtplib.SMTPException) as error:
            if not progress.accepted:
                _translate(error, progress)

    async def _converse(
        self, call: ConnectorCall, message: EmailMessage, to: list[str], progress: _Progress
    ) -> None:
        client = await self._connected(call)
        try:
            await self._log_in(client, call)
            await client.mail(str(message["From"].addresses[0].addr_spec))
            for address in to:
                await client.rcpt(address)
            progress.handing_over = True
            await client.data(message.as_bytes())
            progress.accepted = True
            with suppress(aiosmtplib.SMTPException):
                await client.quit()
        finally:
            client.close()

    async def _connected(self, call: ConnectorCall) -> aiosmtplib.SMTP:
        settings = self._configuration
        encrypted = settings.encryption is not Encryption.NONE
        destination, connection = await self._guard.connect(settings.host, settings.port, encrypted=encrypted)
        try:
            client = aiosmtplib.SMTP(
                hostname=destination.host,
                sock=connection,
                use_tls=settings.encryption is Encryption.TLS,
                start_tls=settings.encryption is Encryption.STARTTLS,
                tls_context=self._tls if encrypted else None,
                local_hostname=settings.domain,
                timeout=call.timeout.total_seconds(),
            )
            await client.connect()
        except BaseException:
            connection.close()
            raise
        return client

    async def _log_in(self, client: aiosmtplib.SMTP, call: ConnectorCall) -> None:
        settings = self._configuration
        if settings.username is None or settings.password is None:
            return
        password = call.secrets.resolve(settings.password, settings.host)
        await client.login(settings.username, password.get_secret_value())


def _translate(error: Exception, progress: _Progress) -> NoReturn:
    """RFC 5321 §4.2.1: 4yz is for now, 5yz for good; no reply after the text is nobody's knowledge."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= 500:
        raise BadConfiguration(f"the mail server refused the credentials ({error.code})") from None
    if type(error) in (aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported):
        # The library's own words for a missing STARTTLS or AUTH; waiting does not bring them.
        raise BadConfiguration(f"mail server: {error}") from None
    if isinstance(error, aiosmtplib.SMTPResponseException) and 400 <= error.code < 500:
        text = f"the mail server answered {error.code}"
        raise Unavailable(text, status=error.code, detail=error.message) from None
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= 500:
        text = f"the mail server answered {error.code}"
        raise Refused(text, status=error.code, detail=error.message) from None
    if progress.handing_over:
        raise OutcomeUnknown(f"the mail was handed over but the reply was lost ({type(error).__name__})")
    raise Unavailable(f"no conversation with the mail server ({type(error).__name__})") from None
