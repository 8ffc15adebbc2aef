"""Mails in their reader's words and time; what people wrote is quoted, escaped, and hidden where it must be."""

from datetime import timedelta

import pytest

from activities.mail import mail_server
from steadydesk.connectors.errors import Blocked, Unavailable
from steadydesk.connectors.protocol import ConnectorCall
from steadydesk.connectors.smtp import SEND
from steadydesk.records.tables.configuration import configuration_version
from steadydesk.records.tables.text import text_body
from tests.connectors.mail_post import Post
from tests.support.delivery_scene import NOW, Scene, send_due

REQ = "REQ0000001"


async def test_a_mail_says_it_in_the_readers_language_and_zone(scene: Scene, post: Post) -> None:
    due = NOW + timedelta(days=1)
    await scene.one_mail(
        name="Änne Öz",
        person={"language": "de", "zone": "Europe/Berlin"},
        event="approval.requested",
        subject="REQ0000001-G1",
        facts={"due": due.isoformat(), "stage": "manager"},
    )
    done = await send_due(scene.deliveries(post=post.port), "mail")
    assert (done.sent, done.left, done.next_at) == (1, 0, None)
    mail = post.message()
    assert mail["Subject"] == "REQ0000001 braucht Ihre Genehmigung: Notebook"
    assert "Änne Öz" in mail["To"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Steadydesk-Record"] == REQ
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert "3. März 2026, 10:30 CET" in text.get_content()
    assert "https://desk.example/approvals/REQ0000001-G1" in text.get_content()
    assert '<a href="https://desk.example/approvals/REQ0000001-G1">' in html.get_content()


async def test_dates_of_the_record_itself_are_written_alike(scene: Scene, post: Post) -> None:
    expected = NOW + timedelta(days=120)
    person = {"language": "en-GB", "zone": "Europe/London"}
    await scene.one_mail(event="request.opened", person=person, record={"expected_at": expected})
    await send_due(scene.deliveries(post=post.port), "mail")
    text = post.message().get_body(("plain",))
    assert text is not None
    assert "30 Jun 2026, 10:30 BST" in text.get_content()


async def test_feedback_is_quoted_to_who_sees_no_record_of_it(scene: Scene, post: Post) -> None:
    anna, rita = await scene.person(language="de"), await scene.person("Rita Reed")
    await scene.record(REQ)
    row = {"ref": "t_said", "salt": "s", "digest": "d", "body": "Niemand sagt, wann", "author": rita}
    await scene.add(text_body, row | {"number": REQ, "written_at": NOW})
    facts = {"about": REQ, "actor": rita, "text": "t_said"}
    await scene.post("fb_one", [f"p:{anna}"], "feedback.complaint", facts=facts)
    await scene.fan_out()
    assert (await send_due(scene.deliveries(post=post.port), "mail")).sent == 1
    mail = post.message()
    assert mail["Subject"] == f"{REQ}: eine Beschwerde"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "Rita Reed beschwert sich." in text.get_content()
    assert "> Niemand sagt, wann" in text.get_content()
    assert "https://desk.example/feedback/fb_one" in text.get_content()


@pytest.mark.parametrize(
    ("facts", "restricted", "said"),
    [
        (
            {"item": {"en": "Laptop, 2 x Dock", "de": "Notebook, 2 x Dock"}},
            False,
            "eingegangen: Notebook, 2 x Dock.",
        ),
        ({}, False, "eingegangen: Notebook."),
        ({}, True, "eingegangen."),
    ],
)
async def test_that_an_order_was_received_says_what_was_ordered(
    scene: Scene, post: Post, facts: dict[str, object], restricted: bool, said: str
) -> None:
    await scene.one_mail(person={"language": "de"}, facts=facts, record={"restricted": restricted})
    await send_due(scene.deliveries(post=post.port), "mail")
    text = post.message().get_body(("plain",))
    assert text is not None
    assert f"Ihre Bestellung ist {said}" in " ".join(text.get_content().split())


@pytest.mark.parametrize(
    ("expires", "written"),
    [
        ("2026-05-31T22:00:00+00:00", "on 31 May 2026."),
        ("2026-05-31T12:00:00+00:00", "on 31 May 2026, 08:00 EDT."),
    ],
)
async def test_the_day_on_which_a_grant_ends_is_the_same_for_every_reader(
    scene: Scene, post: Post, expires: str, written: str
) -> None:
    document = {
        "organisation": {"name": "Example Ltd"},
        "calendars": {"office": {"zone": "Europe/Berlin"}},
        "catalog": {"vpn": {"calendar": "office"}},
    }
    row = {"digest": "c1", "serial": 1, "document": document, "proposed_by": "p", "proposed_at": NOW}
    await scene.add(configuration_version, row)
    await scene.one_mail(
        event="grant.expiring",
        person={"zone": "America/New_York"},
        facts={"expires": expires},
        record={"configuration": "c1", "item": "vpn"},
    )
    await send_due(scene.deliveries(post=post.port), "mail")
    text = post.message().get_body(("plain",))
    assert text is not None
    assert f"ends {written}" in " ".join(text.get_content().split())


async def test_mails_of_one_record_are_one_thread(scene: Scene, post: Post) -> None:
    anna = await scene.one_mail()
    await scene.record("SCTASK0000001", owner=REQ)
    await scene.post("SCTASK0000001", [f"p:{anna}"], "task.opened")
    await scene.fan_out()
    assert (await send_due(scene.deliveries(post=post.port), "mail")).sent == 2
    second = post.message()
    post.envelopes.pop()
    first = post.message()
    assert first["References"] == second["References"] == first["In-Reply-To"]
    assert len({first["Message-ID"], second["Message-ID"], first["In-Reply-To"]}) == 3


async def test_peoples_words_are_quoted_and_escaped(scene: Scene, post: Post) -> None:
    words = "<b>Why?</b>\nSee https://evil.example\x07 {{ 7 * 7 }}"
    row = {"ref": "t_1", "salt": "s", "digest": "d", "body": words, "author": "p", "written_at": NOW}
    await scene.add(text_body, row)
    await scene.one_mail(
        event="approval.question",
        facts={"text": "t_1"},
        record={"short_description": "A <i>&</i>\r\nBcc: x@example.com"},
    )
    assert (await send_due(scene.deliveries(post=post.port), "mail")).sent == 1
    text, html = (post.message().get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    quoted = ["> <b>Why?</b>", "> See https://evil.example {{ 7 * 7 }}"]
    assert [line for line in text.get_content().splitlines() if line.startswith(">")] == quoted
    assert "&lt;b&gt;Why?&lt;/b&gt;" in html.get_content()
    assert "<b>" not in html.get_content()
    assert post.message()["Bcc"] is None


async def test_erased_words_stay_erased(scene: Scene, post: Post) -> None:
    await scene.one_mail(event="approval.question", facts={"text": "t_gone"})
    await send_due(scene.deliveries(post=post.port), "mail")
    text = post.message().get_body(("plain",))
    assert text is not None
    assert "(erased)" in text.get_content()


async def test_a_confidential_record_is_named_by_number_alone(scene: Scene, post: Post) -> None:
    row = {"ref": "t_2", "salt": "s", "digest": "d", "body": "secret words", "author": "p", "written_at": NOW}
    await scene.add(text_body, row)
    await scene.one_mail(event="approval.question", facts={"text": "t_2"}, record={"restricted": True})
    await send_due(scene.deliveries(post=post.port), "mail")
    content = str(post.message())
    assert "Laptop" not in content
    assert "secret words" not in content
    assert REQ in content


async def add_configuration(scene: Scene, subject: str, text: str) -> None:
    document = {
        "organisation": {"name": "Example Ltd"},
        "templates": {"request.opened": {"subject": {"en": subject}, "text": text}},
    }
    row = {"digest": "c1", "serial": 1, "document": document, "proposed_by": "p", "proposed_at": NOW}
    await scene.add(configuration_version, row)


async def test_the_organisations_template_comes_first(scene: Scene, post: Post) -> None:
    await add_configuration(scene, "Hi {{ recipient }}", "At {{ organisation }}: {{ title }}")
    await scene.one_mail(record={"configuration": "c1"})
    await send_due(scene.deliveries(post=post.port), "mail")
    assert post.message()["Subject"] == "Hi Anna Ebert"
    text = post.message().get_body(("plain",))
    assert text is not None
    assert "At Example Ltd: Laptop" in text.get_content()


async def test_a_broken_template_does_not_keep_the_message(scene: Scene, post: Post) -> None:
    await add_configuration(scene, "{{ secret_field }}", "{% for x in y %}")
    await scene.one_mail(record={"configuration": "c1"})
    assert (await send_due(scene.deliveries(post=post.port), "mail")).sent == 1
    assert post.message()["Subject"] == "REQ0000001 received: Laptop"


@pytest.mark.parametrize(
    ("allow", "refusal"), [((), Blocked), (("127.0.0.0/8",), Blocked), (("0.0.0.0:1",), Unavailable)]
)
async def test_the_mail_server_of_the_setting_may_be_private_but_no_special_address(
    allow: tuple[str, ...], refusal: type[Exception]
) -> None:
    """Nobody listens on port 1, at loopback or at the address that stands for all of this machine."""

    async def write_to(host: str) -> None:
        connector, secrets, _ = mail_server(
            f"smtp://{host}:1?encryption=none", "d@x.example", lambda: NOW, allow
        )
        words = {"to": [{"address": "ada@x.example"}], "subject": "Hello", "text": "Hello"}
        call = ConnectorCall("mail", SEND, words, "key", secrets, timedelta(seconds=5))
        await connector.perform(call)

    with pytest.raises(Unavailable):
        await write_to("127.0.0.1")
    with pytest.raises(refusal):
        await write_to("0.0.0.0")
