"""Every text of the pages by its key, a file for each language; another language is another file."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from steadydesk.errors import Problem

FOLDER = Path(__file__).parent
BASE = "en"
_PREDICATE = re.compile(r"(is|must|has|names|needs|takes|may) ")
"""Begins what is said about a field, in English; all else is a sentence of its own. Other languages say it alike."""
_PLURAL = frozenset({"one", "other"})
_PHRASES = "phrases."
_QUOTES = {"“": "['“]", "”": "['”]"}
"""Processes quote as programs do, pages as people do."""


@dataclass(frozen=True)
class Words:
    """The texts of one language. ``words("home.greeting", name="Rita")``; with ``count``, the form that fits it."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, /, **values: Any) -> str:
        """The text of ``key`` with its values; KeyError for a key that the files do not have."""
        found = self.texts.get(key)
        if found is None:
            found = self.texts[f"{key}.{'one' if values['count'] == 1 else 'other'}"]
        return found.format(**values) if values else found

    def either(self, key: str, otherwise: str) -> str:
        """The text of ``key``, or what there is instead where the files have none."""
        return self.texts.get(key, otherwise)

    def has(self, key: str) -> bool:
        return key in self.texts

    def faults(self, problems: Iterable[Problem]) -> str:
        """What is wrong, in this language: by its kind, or by the sentence in which it was said."""
        return "; ".join(
            self(key, **each.values) if self.has(key := f"faults.{each.kind}") else self.phrase(each.message)
            for each in problems
        )

    def sentence(self, problems: Sequence[Problem], label: str) -> str:
        """The same as a whole sentence about the field of that label."""
        named = label if label[-1:].isalnum() else self("portal.quoted", text=label)
        said = self.faults(problems)
        return f"{named}{' ' if _is_about_field(problems) else ': '}{said}{'' if said.endswith('.') else '.'}"

    def beside(self, problems: Sequence[Problem], label: str) -> str:
        """The same where the field itself is seen."""
        if _is_about_field(problems):
            return self.sentence(problems, label)
        said = self.faults(problems)
        return f"{said[:1].upper()}{said[1:]}{'' if said.endswith('.') else '.'}"

    def knows(self, sentence: str) -> bool:
        """Whether the files know the sentence."""
        return any(pattern.fullmatch(sentence) for _, pattern in _patterns())

    def phrase(self, sentence: str, **instead: str) -> str:
        """A sentence of the processes (why something waits, what happens then) in this language; as it is where
        it is none that the files know. ``instead`` replaces what stands in its places.
        """
        for key, pattern in _patterns():
            if match := pattern.fullmatch(sentence):
                return self.texts[key].format(**{**match.groupdict(), **instead})
        return sentence


def _is_about_field(problems: Sequence[Problem]) -> bool:
    return _PREDICATE.match(languages()[BASE].faults(problems[:1])) is not None


@cache
def languages() -> Mapping[str, Words]:
    """All languages by their tags."""
    files = sorted(FOLDER.glob("*.yaml"))
    return {file.stem: Words(file.stem, _read(file)) for file in files}


def words_in(tag: str) -> Words:
    """The words of a language tag, of its base language, or English."""
    known = languages()
    return known.get(tag) or known.get(tag.split("-", maxsplit=1)[0]) or known[BASE]


def preferred(accepted: str) -> str:
    """The tag of ``Accept-Language`` that we have words for, by its weight; English where there is none."""
    wanted: list[tuple[float, str]] = []
    for part in accepted.split(",")[:20]:
        tag, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((float(weight or 1), tag.lower()))
        except ValueError:
            continue
    known = languages()
    for _, tag in sorted(wanted, key=lambda one: -one[0]):
        for candidate in (tag, tag.split("-", maxsplit=1)[0]):
            if candidate in known:
                return candidate
    return BASE


def _read(file: Path) -> dict[str, str]:
    loaded = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    return dict(_flat(loaded, ""))


def _flat(part: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    for key, value in part.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", str(value)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """The sentences as the processes say them, in English, with a group for each place."""
    texts = languages()[BASE].texts
    return [(key, _pattern_of(text)) for key, text in texts.items() if key.startswith(_PHRASES)]


def _pattern_of(text: str) -> re.Pattern[str]:
    quoted = re.escape(text).translate(str.maketrans(_QUOTES))
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", quoted), re.DOTALL)
