"""The words of a mail: its template filled in the reader's language and zone, as plain text and as HTML."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

import structlog
from pydantic import JsonValue

from steadydesk.connectors.errors import BadValue, TemplateRefused
from steadydesk.connectors.template import Template, TemplateForm
from steadydesk.contracts.event_type import COMMON_FIELDS, EventType, FieldDoc, FieldKind
from steadydesk.contracts.language import LocalisedText, in_language
from steadydesk.policies.message_link import message_link
from steadydesk.policies.written_date import last_day, written_day, written_instant
from steadydesk.records.delivery_content import Letter

_LONGEST_SUBJECT = 200
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PARAGRAPHS = re.compile(r"\n\s*\n")
_FRAME: Mapping[str, Mapping[str, str]] = {
    "en": {
        "greeting": "Hello {name},",
        "page": "The page:",
        "footer": "Sent by {organisation}. Nobody reads answers; your preferences say what you get.",
        "erased": "(erased)",
        "restricted": "Confidential",
    },
    "de": {
        "greeting": "Guten Tag {name},",
        "page": "Die Seite:",
        "footer": "Gesendet von {organisation}. Antworten auf diese Mail liest niemand; was Sie bekommen, "
        "bestimmen Ihre Einstellungen.",
        "erased": "(gelöscht)",
        "restricted": "Vertraulich",
    },
}

_log = structlog.get_logger(__name__)


def frame_of(language: str) -> Mapping[str, str]:
    """Our own words in the reader's language, else in English."""
    return _FRAME.get(language.partition("-")[0], _FRAME["en"])


def mail_words(letter: Letter, public_url: str) -> dict[str, JsonValue]:
    """``subject``, ``text`` and ``html``. Blocks for the time of two templates."""
    values = template_values(letter, public_url)
    subject, body = _filled(letter, values)
    frame = frame_of(letter.language)
    greeting = frame["greeting"].format(name=letter.name)
    footer = frame["footer"].format(organisation=values["organisation"])
    link = str(values["link"])
    paragraphs = [part.strip() for part in _PARAGRAPHS.split(body) if part.strip()]
    text = "\n\n".join([greeting, *paragraphs, f"{frame['page']} {link}", f"-- \n{footer}"])
    return {
        "subject": " ".join(_clean(subject).split())[:_LONGEST_SUBJECT] or letter.content.number,
        "text": _clean(text) + "\n",
        "html": _html([greeting, *paragraphs], frame["page"], link, footer),
    }


def template_values(letter: Letter, public_url: str) -> dict[str, JsonValue]:
    """All fields that the template may read; what is unknown, or confidential, is an empty string."""
    content = letter.content
    frame = frame_of(letter.language)
    title = content.title if content.title is not None else content.number
    values: dict[str, JsonValue] = {
        "number": content.number,
        "subject": content.subject or "",
        "title": frame["restricted"] if content.restricted else in_language(title, letter.language),
        "link": message_link(public_url, content.event.key, content.number, content.subject),
        "organisation": in_language(letter.organisation, letter.language),
        "recipient": letter.name,
    }
    return {
        name: _shown(doc, content.facts.get(name), letter) for name, doc in content.event.fields.items()
    } | values


def _shown(doc: FieldDoc, value: JsonValue | datetime, letter: Letter) -> str:
    """A fact as the reader is to read it."""
    hidden = letter.content.restricted and doc.kind in (FieldKind.WORDS, FieldKind.LABEL)
    if value is None or hidden:
        return ""
    show = _SHOWN.get(doc.kind)
    return show(value, letter) if show is not None else str(value)


def _instant(value: JsonValue | datetime, letter: Letter) -> str:
    """Day and time where the reader is, with the zone: a mail is read anywhere."""
    at, zone = _read(value), ZoneInfo(letter.zone)
    return f"{written_instant(at, zone, letter.language)} {at.astimezone(zone):%Z}"


def _day(value: JsonValue | datetime, letter: Letter) -> str:
    """The last day, as somebody named it where it was named, wherever the reader is; else the instant."""
    day = last_day(_read(value), ZoneInfo(letter.day_zone or letter.zone))
    return _instant(value, letter) if day is None else written_day(day, letter.language)


def _read(value: JsonValue | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def _name(value: JsonValue | datetime, letter: Letter) -> str:
    return letter.content.names.get(str(value), "")


def _label(value: JsonValue | datetime, letter: Letter) -> str:
    if isinstance(value, dict):
        return in_language({tag: str(text) for tag, text in value.items()}, letter.language)
    return str(value)


def _codes(value: JsonValue | datetime, letter: Letter) -> str:  # noqa: ARG001 - one shape for all kinds
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _quoted(value: JsonValue | datetime, letter: Letter) -> str:
    """A person's words, every line marked, so that nobody takes them for ours."""
    words = letter.content.words.get(str(value))
    if words is None:
        return frame_of(letter.language)["erased"] if str(value).startswith("t_") else ""
    return "\n".join(f"> {line}".rstrip() for line in _clean(words).splitlines())


_SHOWN: Mapping[FieldKind, Callable[[JsonValue | datetime, Letter], str]] = {
    FieldKind.INSTANT: _instant,
    FieldKind.DAY: _day,
    FieldKind.PERSON: _name,
    FieldKind.GROUP: _name,
    FieldKind.LABEL: _label,
    FieldKind.CODES: _codes,
    FieldKind.WORDS: _quoted,
}


def _filled(letter: Letter, values: Mapping[str, JsonValue]) -> tuple[str, str]:
    """Subject and text from the organisation's template; where that one does not work, from our own: a
    mistake in a template must not keep a message from its reader.
    """
    event = letter.content.event
    if letter.template is not None:
        try:
            return _rendered(event, letter.template, letter.language, values)
        except (TemplateRefused, BadValue, KeyError) as error:
            _log.warning(
                "a template of the organisation was refused", event_type=event.key, reason=str(error)
            )
    return _rendered(event, event.template.model_dump(), letter.language, values)


def _rendered(
    event: EventType, template: Mapping[str, LocalisedText], language: str, values: Mapping[str, JsonValue]
) -> tuple[str, str]:
    fields = (*COMMON_FIELDS, *event.fields)
    subject, text = (
        Template(in_language(template[part], language), fields, TemplateForm.TEXT).render(values)
        for part in ("subject", "text")
    )
    return subject, text


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _html(paragraphs: list[str], page: str, link: str, footer: str) -> str:
    body = "".join(_paragraph(_clean(paragraph)) for paragraph in paragraphs)
    target = escape(link, quote=True)
    return (
        '<!doctype html><html><body style="font-family:sans-serif;max-width:40em">'
        f'{body}<p>{escape(page)} <a href="{target}">{escape(link)}</a></p>'
        f'<p style="color:#666;font-size:smaller">{escape(_clean(footer))}</p></body></html>'
    )


def _paragraph(text: str) -> str:
    lines = text.split("\n")
    if all(line.startswith(">") for line in lines):
        quoted = "<br>".join(escape(line[1:].strip()) for line in lines)
        return f'<blockquote style="border-left:3px solid #ccc;padding-left:1em">{quoted}</blockquote>'
    return f"<p>{'<br>'.join(escape(line) for line in lines)}</p>"
