"""The reference of the configuration in Markdown, from the models and rules themselves."""

import re
import sys
import types
from collections.abc import Iterator
from datetime import date, time, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from steadydesk.configuration.rules import RULES
from steadydesk.contracts.organisation import Organisation

_WORDS = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    date: "date",
    time: "time",
    timedelta: "duration",
    type(None): "",
    Any: "any value",
}


def keys_reference() -> str:
    """A section per model with a table of its keys, in the order in which they are first named."""
    return "\n\n".join(_section(model) for model in _models(Organisation, []))


def rules_reference() -> str:
    """A table of all rules."""
    rows = [
        f"| {rule.id} | {rule.severity} | {rule.title} | {rule.reason} |" for _, rule in sorted(RULES.items())
    ]
    return "\n".join(["| rule | severity | what it finds | why |", "|---|---|---|---|", *rows])


def renew(document: str) -> str:
    """The document with the parts between its marks made anew."""
    for name, text in (("rules", rules_reference()), ("keys", keys_reference())):
        part = re.compile(rf"(<!-- {name}: [^>]*-->\n).*(\n<!-- end of {name} -->)", re.DOTALL)
        document = part.sub(lambda match, text=text: f"{match[1]}{text}{match[2]}", document)
    return document


def main() -> None:
    """``python -m steadydesk.configuration.reference docs/configuration.md`` renews the file."""
    file = Path(sys.argv[1])
    file.write_text(renew(file.read_text(encoding="utf-8")), encoding="utf-8")


def _models(model: type[BaseModel], found: list[type[BaseModel]]) -> list[type[BaseModel]]:
    if model not in found:
        found.append(model)
        for info in model.model_fields.values():
            for inner in _inner_models(info.annotation):
                _models(inner, found)
    return found


def _inner_models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _inner_models(part)


def _section(model: type[BaseModel]) -> str:
    doc = " ".join((model.__doc__ or "").split())
    rows = [_row(info.alias or name, info) for name, info in model.model_fields.items()]
    table = ["| key | value | default | meaning |", "|---|---|---|---|", *rows]
    return "\n".join([f"### {model.__name__}", "", *([doc, ""] if doc else []), *table])


def _row(key: str, info: FieldInfo) -> str:
    meaning = (info.description or "").replace("|", "\\|")
    return f"| `{key}` | {_value(info.annotation)} | {_default(info)} | {meaning} |"


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "**required**"
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is None or value in ([], {}) or isinstance(value, BaseModel):
        return ""
    if isinstance(value, timedelta):
        return f"`{_duration(value)}`"
    if isinstance(value, list):
        # As somebody would write it in YAML.
        return f"`[{', '.join(str(one) for one in cast(list[object], value))}]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _duration(value: timedelta) -> str:
    """ISO 8601 in the largest whole unit, as the demo writes durations."""
    seconds = int(value.total_seconds())
    for letter, size in (("H", 3600), ("M", 60)):
        if seconds and seconds % size == 0:
            return f"PT{seconds // size}{letter}"
    return f"PT{seconds}S"


def _value(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _value(parts[0])
    if origin in (Union, types.UnionType):
        return _alternatives(parts)
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin is list:
        return f"list of {_value(parts[0])}"
    if origin is dict:
        return f"map of {_value(parts[1])} by key"
    return _plain(annotation)


def _alternatives(parts: tuple[Any, ...]) -> str:
    words = [word for part in parts if (word := _value(part))]
    if words == ["text", "map of text by key"]:
        return "text, or a map of languages"
    return " or ".join(words)


def _plain(annotation: Any) -> str:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return _WORDS.get(annotation, "text")


if __name__ == "__main__":
    main()
