"""The carrier of mails: one message to one person, in the thread of its record."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

import structlog
from pydantic import JsonValue, SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.carrier import Send, Withheld
from activities.mail_text import mail_words
from steadydesk.connectors.errors import BadConfiguration, ConnectorFault
from steadydesk.connectors.mail import Mailbox, message_id_of
from steadydesk.connectors.protocol import ConnectorCall, SecretScope
from steadydesk.connectors.smtp import SEND, Encryption, SmtpConfiguration, SmtpConnector
from steadydesk.contracts.delivery import MAIL, Channel
from steadydesk.egress.guard import EgressGuard
from steadydesk.policies.delivery import LONGEST_SEND
from steadydesk.records.delivery_content import Letter, letters
from steadydesk.records.delivery_fanout import still_sees
from steadydesk.setting_values import is_loopback

_REFERENCE = "secret://mail-server"

_log = structlog.get_logger(__name__)


class _MailPassword:
    """The one secret of the mail server, from its URL in the settings."""

    def __init__(self, host: str, password: str) -> None:
        self._host = host
        self._password = SecretStr(password)

    def resolve(self, reference: str, host: str) -> SecretStr:
        if (reference, host) != (_REFERENCE, self._host):
            raise BadConfiguration("the mail server's password is for the mail server alone")
        return self._password


MailServer = tuple[SmtpConnector, SecretScope, str]


def mail_server(url: str, sender: str, now: Callable[[], datetime], allow: Iterable[str] = ()) -> MailServer:
    """The connector, its secrets and the domain of Message-IDs, from ``smtp://user:password@host:port``.

    ``smtps`` is TLS from the start. ``smtp`` is STARTTLS, but plain on this machine or where the URL ends in
    ``?encryption=none``. The operator named the server, so it may be a private one; ``allow`` is the egress allow-list.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    encryption = _encryption(parts.scheme, host, parts.query)
    port = parts.port or {Encryption.TLS: 465, Encryption.STARTTLS: 587, Encryption.NONE: 25}[encryption]
    name, address = parseaddr(sender)
    mailbox = Mailbox(address=address, name=name)
    domain = mailbox.address.rpartition("@")[2]
    configuration = SmtpConfiguration(
        host=host,
        port=port,
        encryption=encryption,
        sender=mailbox,
        domain=domain,
        username=unquote(parts.username) if parts.username else None,
        password=_REFERENCE if parts.username else None,
    )
    guard = EgressGuard(allow, named=[(host, port)])
    connector = SmtpConnector(configuration, guard, ssl.create_default_context(), now)
    return connector, _MailPassword(host, unquote(parts.password or "")), domain


def _encryption(scheme: str, host: str, query: str) -> Encryption:
    if scheme == "smtps":
        return Encryption.TLS
    asked = parse_qs(query).get("encryption")
    if asked:
        return Encryption(asked[0])
    return Encryption.NONE if is_loopback(host) else Encryption.STARTTLS


class MailCarrier:
    """A mail whose outcome is unknown is not sent again: its Message-ID, made of the delivery's id, would not
    keep the reader from seeing it twice.
    """

    channel = Channel.MAIL

    def __init__(
        self,
        connector: SmtpConnector,
        secrets: SecretScope,
        domain: str,
        public_url: str,
        timeout: timedelta = LONGEST_SEND,
    ) -> None:
        self._connector = connector
        self._secrets = secrets
        self._domain = domain
        self._public_url = public_url
        self._timeout = timeout

    async def prepare(
        self, connection: AsyncConnection, ids: Sequence[str], now: datetime
    ) -> Mapping[str, Send | Withheld]:
        found = await letters(connection, ids)
        pairs = [(letter.content, letter.content.recipient) for letter in found]
        seen = await still_sees(connection, pairs, now)
        return {
            letter.content.id: await self._way(letter, sees=letter.content.id in seen) for letter in found
        }

    async def _way(self, letter: Letter, *, sees: bool) -> Send | Withheld:
        if not sees:
            return Withheld("may not see the record")
        if letter.email is None:
            return Withheld("has no e-mail address")
        try:
            words = await asyncio.to_thread(mail_words, letter, self._public_url)
        except Exception as error:  # noqa: BLE001 - one message without words must not hold up all others
            _log.exception("a mail could not be written", event_type=letter.content.event.key)
            return _refusing(BadConfiguration(f"could not be put into words ({type(error).__name__})"))
        return self._send(letter, letter.email, words)

    def _send(self, letter: Letter, address: str, words: dict[str, JsonValue]) -> Send:
        content = letter.content
        call = ConnectorCall(
            target=MAIL,
            operation=SEND,
            values={
                **words,
                "to": [{"address": address, "name": letter.name}],
                **self._thread(content.process),
                "headers": {"X-Steadydesk-Record": content.number, "X-Steadydesk-Event": content.event.key},
            },
            idempotency_key=content.id,
            secrets=self._secrets,
            timeout=self._timeout,
        )

        async def send() -> None:
            await self._connector.perform(call)

        return send

    def _thread(self, process: str | None) -> dict[str, JsonValue]:
        """All mails of one process answer the same message, which is the process itself."""
        if process is None:
            return {}
        root = message_id_of(process, self._domain)
        return {"in_reply_to": root, "references": [root]}


def _refusing(error: ConnectorFault) -> Send:
    async def refuse() -> None:
        raise error

    return refuse
