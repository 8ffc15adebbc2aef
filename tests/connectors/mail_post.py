"""A mail server on loopback that keeps what it is given and misbehaves as told, at any stage."""

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from steadydesk.connectors.smtp import SmtpConfiguration, SmtpConnector
from steadydesk.egress.guard import EgressGuard
from tests.connectors.remote import NOW

# Never used where nothing is encrypted; loading authorities for each test takes longer than the test.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
MAIL: dict[str, Any] = {
    "to": [
        {"address": "anna@example.com", "name": "Anna \u00c5ngstr\u00f6m"},
        {"address": "bob@example.com"},
    ],
    "subject": "Your request REQ0000001 \u2013 approved",
    "text": "Hello\n.\nline after a dot\nZo\u00eb\n" + "long " * 300,
    "html": "<p>Hello</p>",
    "in_reply_to": "<parent@desk.example>",
    "references": ["<root@desk.example>"],
    "headers": {"X-Record": "REQ0000001"},
}


@dataclass
class Post:
    """A mail server's memory and its behaviour at each stage of a conversation."""

    port: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)
    recipient_answer: Callable[[str], str] = lambda _: "250 OK"
    data_answer: str = "250 OK"
    after_data: str = "answer"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's signature
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        answer = self.recipient_answer(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data_answer.startswith("250"):
            self.envelopes.append(envelope)
            self.secured.append(session.ssl is not None)
        if self.after_data == "drop":
            assert server.transport is not None
            server.transport.close()
        if self.after_data == "hang":
            await asyncio.sleep(2)
        return self.data_answer

    def message(self) -> EmailMessage:
        content = self.envelopes[-1].content
        assert isinstance(content, bytes)
        parsed = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@asynccontextmanager
async def mail_server(post: Post, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Post]:
    sessions: list[SMTP] = []

    def session() -> SMTP:
        sessions.append(SMTP(post, hostname="post.example", enable_SMTPUTF8=False, **options))
        return sessions[-1]

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0, ssl=tls)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()
        for running in sessions:
            if running.transport is not None:
                running.transport.close()
            if running._handler_coroutine is not None:
                running._handler_coroutine.cancel()
        await asyncio.sleep(0.01)


def connector_for(
    post: Post, guard: EgressGuard | None = None, tls: ssl.SSLContext | None = None, **more: Any
) -> SmtpConnector:
    settings = {
        "host": "127.0.0.1",
        "port": post.port,
        "encryption": "none",
        "sender": {"address": "desk@desk.example", "name": "Service Desk"},
        "domain": "desk.example",
    } | more
    allowed = guard or EgressGuard(["127.0.0.1"])
    configuration = SmtpConfiguration.model_validate(settings)
    return SmtpConnector(configuration, allowed, tls or PLAIN, lambda: NOW)
