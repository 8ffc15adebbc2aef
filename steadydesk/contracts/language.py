"""Texts of the organisation in one or several languages."""

from typing import Annotated

from pydantic import AfterValidator

from steadydesk.contracts.words import is_blank

LocalisedText = str | dict[str, str]


def _not_empty(text: LocalisedText) -> LocalisedText:
    values = [text] if isinstance(text, str) else list(text.values())
    if not values or any(map(is_blank, values)):
        raise ValueError("a text must not be empty")
    return text


Localised = Annotated[LocalisedText, AfterValidator(_not_empty)]
"""A plain string, or a map of language tags to strings such as ``{en: Laptop, de: Notebook}``."""


def in_language(text: LocalisedText, language: str = "en") -> str:
    """The text in ``language``, else in its base language, English, or whatever comes first."""
    if isinstance(text, str):
        return text
    for tag in (language, language.split("-", maxsplit=1)[0], "en"):
        if tag in text:
            return text[tag]
    return next(iter(text.values()))
