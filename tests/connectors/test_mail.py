"""What a mail looks like at its receiver, and what cannot be smuggled into it."""

from collections.abc import Callable

import pytest

from steadydesk.connectors.errors import BadValue
from steadydesk.connectors.protocol import ConnectorCall
from tests.connectors.mail_post import MAIL, Post, connector_for
from tests.connectors.remote import NOW

MakeCall = Callable[..., ConnectorCall]


async def test_a_mail_arrives_as_written(post: Post, call: MakeCall) -> None:
    result = await connector_for(post).perform(call("send", MAIL))
    message = post.message()
    assert post.envelopes[0].rcpt_tos == ["anna@example.com", "bob@example.com"]
    assert post.envelopes[0].mail_from == "desk@desk.example"
    assert message["Message-ID"] == result.external_reference == result.outputs["message_id"]
    assert message["From"] == "Service Desk <desk@desk.example>"
    assert message["To"] == "Anna \u00c5ngstr\u00f6m <anna@example.com>, bob@example.com"
    assert message["Subject"] == MAIL["subject"]
    assert message["Date"].datetime == NOW
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["In-Reply-To"] == "<parent@desk.example>"
    assert message["References"] == "<root@desk.example> <parent@desk.example>"
    assert message["X-Record"] == "REQ0000001"
    text, html = message.iter_parts()
    assert text.get_content().splitlines() == MAIL["text"].splitlines()
    assert html.get_content().strip() == MAIL["html"]
    content = post.envelopes[0].content
    assert isinstance(content, bytes)
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("subject", "Hi\r\nBcc: eve@evil.example"),
        ("subject", "Hi\nBcc: eve@evil.example"),
        ("subject", "Hi\rBcc: eve@evil.example"),
        ("subject", "Hi\u2028Bcc: eve@evil.example"),
        ("subject", "Hi\x85Bcc: eve@evil.example"),
        ("subject", "Hi\x00"),
        ("subject", "\ud800"),
        ("to", []),
        ("to", [{"address": "anna@example.com\r\nRCPT TO:<eve@evil.example>"}]),
        ("to", [{"address": "anna@example.com, eve@evil.example"}]),
        ("to", [{"address": "anna@example.com> SIZE=1"}]),
        ("to", [{"address": "<anna@example.com>"}]),
        ("to", [{"address": "anna"}]),
        ("to", [{"address": "a@b@c"}]),
        ("to", [{"address": "a..b@example.com"}]),
        ("to", [{"address": "\u00e5@example.com"}]),
        ("to", [{"address": "anna@example.com", "name": "Anna\r\nBcc: eve@evil.example"}]),
        ("sender", {"address": "desk@desk.example\nX: y"}),
        ("in_reply_to", "<a@b>\r\nBcc: eve@evil.example"),
        ("in_reply_to", "not an id"),
        ("references", ["<a@b> <c@d>"]),
        ("headers", {"X-A\r\nBcc": "x"}),
        ("headers", {"X-A": "x\r\nBcc: eve@evil.example"}),
        ("headers", {"Bcc": "eve@evil.example"}),
        ("headers", {"Subject": "other"}),
        ("headers", {"Content-Type": "text/html"}),
        ("headers", {"X-A": "\u00e5"}),
        ("text", "a\x00b"),
        ("html", "\ud800"),
        ("bcc", [{"address": "eve@evil.example"}]),
    ],
)
async def test_injection_is_refused_before_anything_is_sent(
    place: str, value: object, post: Post, call: MakeCall
) -> None:
    with pytest.raises(BadValue) as raised:
        await connector_for(post).perform(call("send", {**MAIL, place: value}))
    assert raised.value.field.startswith(place)
    assert "evil.example" not in str(raised.value)
    assert post.envelopes == []


async def test_names_that_look_like_addresses_stay_names(post: Post, call: MakeCall) -> None:
    to = [{"address": "anna@example.com", "name": 'Eve" <eve@evil.example>, "x'}]
    await connector_for(post).perform(call("send", {**MAIL, "to": to}))
    assert post.envelopes[0].rcpt_tos == ["anna@example.com"]
    addresses = post.message()["To"].addresses
    assert [(found.addr_spec, found.display_name) for found in addresses] == [
        ("anna@example.com", to[0]["name"])
    ]


async def test_long_ids_stay_whole(post: Post, call: MakeCall) -> None:
    parents = [f"<{'a' * 90}{number}@{'b' * 90}.example>" for number in range(20)]
    await connector_for(post).perform(
        call("send", {**MAIL, "references": parents, "in_reply_to": parents[-1]})
    )
    content = post.envelopes[0].content
    assert isinstance(content, bytes)
    assert b"=?utf-8?q?=3C" not in content
    assert post.message()["References"].split() == parents
