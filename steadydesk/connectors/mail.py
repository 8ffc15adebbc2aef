"""One e-mail as data, and as a MIME message whose headers nobody can add to."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from steadydesk.connectors.errors import BadValue


class _MailPolicy(EmailPolicy):
    """Folds ids and extra headers at spaces only: the default breaks a long id into encoded words, which
    no mail program recognises when it builds a thread.
    """

    def fold(self, name: str, value: str) -> str:
        if name.lower() in _IDS or _EXTRA_HEADER.fullmatch(name):
            return f"{name}: " + f"{self.linesep} ".join(str(value).split()) + self.linesep
        return super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii")


_IDS = frozenset({"message-id", "in-reply-to", "references"})
# Seven bits: a server without 8BITMIME may not be given more.
_POLICY = _MailPolicy(linesep="\r\n", cte_type="7bit")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
)
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]{3,250}>")
_EXTRA_HEADER = re.compile(r"X-[A-Za-z0-9-]{1,60}|List-(?:Id|Unsubscribe|Unsubscribe-Post)", re.IGNORECASE)


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must be one line without control characters")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("holds half a surrogate pair, which is no text") from None
    return text


def _address(text: str) -> str:
    local, _, domain = text.rpartition("@")
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_domain = ""
    address = f"{local}@{ascii_domain}"
    if not _ADDRESS.fullmatch(address) or ".." in address or local.startswith(".") or local.endswith("."):
        raise ValueError("is not an e-mail address that every mail server accepts")
    return address


def _message_id(text: str) -> str:
    if not _MESSAGE_ID.fullmatch(text):
        raise ValueError("is not a message id of the form <…@…>")
    return text


def _extra_headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _EXTRA_HEADER.fullmatch(name):
            raise ValueError("only X-… and List-… headers may be added")
        if not value.isascii() or len(value) > 900:
            raise ValueError("a header's value is at most 900 ASCII characters")
        _one_line(value)
    return headers


def _body(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds a NUL character")
    _one_line(re.sub(r"[\r\n\t\f\v\x80-\x9f\u2028\u2029]", "", text))
    return text


OneLine = Annotated[str, Field(max_length=400), AfterValidator(_one_line)]
AddressText = Annotated[str, Field(max_length=320), AfterValidator(_address)]
MessageId = Annotated[str, AfterValidator(_message_id)]
BodyText = Annotated[str, Field(max_length=500_000), AfterValidator(_body)]


class Mailbox(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    address: AddressText
    name: OneLine = ""

    def header(self) -> Address:
        return Address(display_name=self.name, addr_spec=self.address)


class Mail(BaseModel):
    """`to` (all recipients get the message or none does) and the two forms of its text. `in_reply_to` and
    `references` keep the mails of one record in one thread; `sender` overrides the connector's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    to: tuple[Mailbox, ...] = Field(min_length=1, max_length=50)
    subject: OneLine
    text: BodyText
    html: BodyText | None = None
    sender: Mailbox | None = None
    reply_to: Mailbox | None = None
    in_reply_to: MessageId | None = None
    references: tuple[MessageId, ...] = Field(default=(), max_length=20)
    headers: Annotated[dict[str, str], AfterValidator(_extra_headers)] = Field(default_factory=dict)


def parse_mail(values: Mapping[str, JsonValue]) -> Mail:
    """A Mail from the values of a call; raises BadValue with the place and the reason, never the text."""
    try:
        return Mail.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise BadValue(".".join(map(str, first["loc"])), str(first["msg"])) from None


def message_id_of(key: str, domain: str) -> str:
    """The same Message-ID for every repeat of one key, and nothing personal in it."""
    return f"<{hashlib.sha256(key.encode('utf-8')).hexdigest()[:40]}@{domain}>"


def compose(mail: Mail, sender: Mailbox, message_id: str, now: datetime) -> EmailMessage:
    """Multipart message (text, then HTML) marked as sent by a machine (RFC 3834)."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = (mail.sender or sender).header()
    message["To"] = tuple(mailbox.header() for mailbox in mail.to)
    if mail.reply_to is not None:
        message["Reply-To"] = mail.reply_to.header()
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    _add_thread(message, mail)
    message["Auto-Submitted"] = "auto-generated"
    for name, value in mail.headers.items():
        message[name] = value
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    return message


def _add_thread(message: EmailMessage, mail: Mail) -> None:
    if mail.in_reply_to is not None:
        message["In-Reply-To"] = mail.in_reply_to
    chain = [*mail.references, *((mail.in_reply_to,) if mail.in_reply_to else ())]
    if chain:
        message["References"] = " ".join(dict.fromkeys(chain))
