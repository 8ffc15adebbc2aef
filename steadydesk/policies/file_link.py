"""The address of a file for one person and a minute: what stands in it. Whether that person may see the file is asked
when the link is made, and again when it is used.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from steadydesk.policies.assertion import Keyring
from steadydesk.policies.signed_text import Purpose, sign_text, text_in

GOOD_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class FileLink:
    """``attachment`` and ``person`` are ids."""

    attachment: str
    person: str


def token_of(keyring: Keyring, link: FileLink, now: datetime) -> str:
    """The link as one segment of a path, good until ``GOOD_FOR`` after ``now``."""
    until = int((now + GOOD_FOR).timestamp())
    return sign_text(keyring, Purpose.FILE_LINK, f"{link.attachment} {link.person} {until}")


def link_in(keyring: Keyring, token: str, now: datetime) -> FileLink | None:
    """None for what we did not make, and for what is older than that."""
    text = text_in(keyring, Purpose.FILE_LINK, token)
    if text is None:
        return None
    attachment, person, until = text.split(" ")
    return FileLink(attachment, person) if now.timestamp() < int(until) else None
