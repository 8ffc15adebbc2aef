import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from steadydesk.connectors.errors import (
    BadConfiguration,
    Blocked,
    NeedsPerson,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from steadydesk.connectors.protocol import Check, ConnectorCall, ConnectorResult, Outcome
from steadydesk.egress.guard import EgressGuard
from tests.connectors.mail_post import MAIL, Post, connector_for, mail_server
from tests.connectors.remote import Certificate, Names, silent

MakeCall = Callable[..., ConnectorCall]


async def test_a_repeat_is_recognisable_by_its_message_id(post: Post, call: MakeCall) -> None:
    connector = connector_for(post)
    first = await connector.perform(call("send", MAIL, key="k-1"))
    again = await connector.perform(call("send", MAIL, key="k-1"))
    other = await connector.perform(call("send", MAIL, key="k-2"))
    assert first == again != other


@pytest.mark.parametrize("behaviour", ["drop", "hang"])
async def test_a_reply_lost_after_data_is_unknown(behaviour: str, post: Post, call: MakeCall) -> None:
    post.after_data = behaviour
    with pytest.raises(OutcomeUnknown, match="handed over") as raised:
        await connector_for(post).perform(call("send", MAIL, seconds=2))
    assert raised.value.ask_after is None
    assert len(post.envelopes) == 1


async def test_answers_of_the_server(post: Post, call: MakeCall) -> None:
    connector = connector_for(post)
    post.data_answer = "554 no thanks, anna"
    with pytest.raises(Refused) as refused:
        await connector.perform(call("send", MAIL))
    assert (refused.value.status, str(refused.value)) == (554, "the mail server answered 554")
    post.data_answer = "451 later"
    with pytest.raises(Unavailable):
        await connector.perform(call("send", MAIL))
    post.data_answer = "250 OK"
    post.recipient_answer = lambda address: "550 unknown" if address.startswith("bob") else "250 OK"
    with pytest.raises(Refused):
        await connector.perform(call("send", MAIL))
    post.recipient_answer = lambda _: "450 greylisted"
    with pytest.raises(Unavailable):
        await connector.perform(call("send", MAIL))
    assert post.envelopes == []


async def test_no_listener_is_unavailable(unused_tcp_port: int, call: MakeCall) -> None:
    with pytest.raises(Unavailable):
        await connector_for(Post(unused_tcp_port)).perform(call("send", MAIL))


async def test_a_server_that_says_nothing_is_unavailable(call: MakeCall) -> None:
    async with silent() as port:
        with pytest.raises(Unavailable):
            await connector_for(Post(port)).perform(call("send", MAIL, seconds=0.3))
    await asyncio.sleep(0.01)


@pytest.mark.parametrize("encryption", ["tls", "starttls"])
async def test_encryption_checks_the_name(encryption: str, certificate: Certificate, call: MakeCall) -> None:
    options: dict[str, Any] = {"tls_context": certificate.server} if encryption == "starttls" else {}
    outer = certificate.server if encryption == "tls" else None
    names = Names({"directory.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]})
    guard = EgressGuard(["127.0.0.0/8"], names)
    async with mail_server(Post(), outer, **options) as post:
        good = connector_for(post, guard, certificate.client, host="directory.example", encryption=encryption)
        await good.perform(call("send", MAIL))
        wrong = connector_for(post, guard, certificate.client, host="other.example", encryption=encryption)
        with pytest.raises(Unavailable):
            await wrong.perform(call("send", MAIL))
    assert len(post.envelopes) == 1
    assert names.asked == ["directory.example", "other.example"]
    if encryption == "starttls":
        assert post.secured == [True]


async def test_starttls_is_never_skipped(post: Post, call: MakeCall) -> None:
    with pytest.raises(BadConfiguration, match="STARTTLS"):
        await connector_for(post, encryption="starttls").perform(call("send", MAIL))
    assert post.envelopes == []


async def test_plain_smtp_needs_the_allow_list(post: Post, call: MakeCall) -> None:
    with pytest.raises(Blocked):
        await connector_for(post, EgressGuard()).perform(call("send", MAIL))
    names = Names({"mail.example": [["1.1.1.1"]]})
    with pytest.raises(Blocked, match="not on the allow-list for unencrypted"):
        await connector_for(post, EgressGuard([], names), host="mail.example").perform(call("send", MAIL))


async def test_login(certificate: Certificate, call: MakeCall) -> None:
    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        del server, session, envelope, mechanism
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"desk", b"s3cret")
        return AuthResult(success=good, handled=False)

    names = Names({"directory.example": [["127.0.0.1"]]})
    guard = EgressGuard(["127.0.0.0/8"], names)
    options = {"authenticator": authenticate, "auth_required": True, "tls_context": certificate.server}
    server = {"host": "directory.example", "encryption": "starttls"}
    account = {"username": "desk", "password": "secret://mail"}
    async with mail_server(Post(), **options) as post:
        connector = connector_for(post, guard, certificate.client, **server, **account)
        await connector.perform(call("send", MAIL, secrets={"secret://mail": "s3cret"}))
        with pytest.raises(BadConfiguration, match="refused the credentials") as raised:
            await connector.perform(call("send", MAIL, secrets={"secret://mail": "wr0ng"}))
        with pytest.raises(Refused):
            await connector_for(post, guard, certificate.client, **server).perform(call("send", MAIL))
    assert "wr0ng" not in repr(raised.value)
    assert len(post.envelopes) == 1


async def test_other_operations(post: Post, call: MakeCall) -> None:
    connector = connector_for(post)
    with pytest.raises(BadConfiguration, match="there is no operation 'call'"):
        await connector.perform(call("call", MAIL))
    assert (await connector.verify(call("send"), ConnectorResult())).check is Check.CANNOT_TELL
    assert (await connector.lookup(call("send"))).outcome is Outcome.CANNOT_TELL
    with pytest.raises(NeedsPerson):
        await connector.undo(call("send"), ConnectorResult())
    with pytest.raises(BadConfiguration, match="both username and password"):
        connector_for(post, username="desk")
