"""What a file is, from its first bytes; only types that people attach to requests and browsers do not run."""

import json

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x1f\x8b", "application/gzip"),
)
_OFFICE = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
_WEBP, _ZIP = "image/webp", "application/zip"
_TEXT, _CSV, _JSON = "text/plain", "text/csv", "application/json"
_LOOKED_AT = 4096

ACCEPTED = frozenset({*dict(_MAGIC).values(), *_OFFICE.values(), _WEBP, _ZIP, _TEXT, _CSV, _JSON})
"""Every media type that a file can be found to have."""


def media_type_of(content: bytes, name: str) -> str | None:
    """The media type found in the content; None for what is not accepted, such as markup and programs."""
    for magic, media_type in _MAGIC:
        if content.startswith(magic):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _WEBP
    if content.startswith(b"PK\x03\x04"):
        return _OFFICE.get(name.rsplit(".", 1)[-1].lower(), _ZIP)
    return _text_type(content, name)


def _text_type(content: bytes, name: str) -> str | None:
    if b"\0" in content[:_LOOKED_AT]:
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if text.lstrip()[:1] == "<":
        return None
    if name.lower().endswith(".json"):
        return _JSON if _is_json(text) else _TEXT
    return _CSV if name.lower().endswith(".csv") else _TEXT


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
