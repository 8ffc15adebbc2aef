"""Texts of the organisation in one or several languages."""

import re
from typing import Annotated

from pydantic import AfterValidator

from steadydesk.contracts.words import is_blank

_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")

LocalisedText = str | dict[str, str]


def _not_empty(text: LocalisedText) -> LocalisedText:
    values = [text] if isinstance(text, str) else list(text.values())
    if not values or any(map(is_blank, values)):
        raise ValueError("a text must not be empty")
    return text


Localised = Annotated[LocalisedText, AfterValidator(_not_empty)]
"""A plain string, or a map of language tags to strings such as ``{en: Laptop, de: Notebook}``."""


def _tag(text: str) -> str:
    if _TAG.fullmatch(text) is None:
        raise ValueError(f"'{text}' is no language; write a tag such as de, pt-BR or zh-Hant")
    return text


def _several(tags: list[str]) -> list[str]:
    if not tags:
        raise ValueError("at least one language is expected, such as [en, de]")
    twice = next((tag for position, tag in enumerate(tags) if tag in tags[:position]), None)
    if twice is not None:
        raise ValueError(f"'{twice}' is named twice")
    return tags


Languages = Annotated[list[Annotated[str, AfterValidator(_tag)]], AfterValidator(_several)]
"""Tags of BCP 47 (language, script, region), each once; the first one is that of plain texts."""


def in_language(text: LocalisedText, language: str = "en") -> str:
    """The text in ``language``, else in its base language, English, or whatever comes first."""
    if isinstance(text, str):
        return text
    for tag in (language, language.split("-", maxsplit=1)[0], "en"):
        if tag in text:
            return text[tag]
    return next(iter(text.values()))
