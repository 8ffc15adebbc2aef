"""JSON Schema in words: the kind of a value, and a table of a model's fields."""

from collections.abc import Mapping
from typing import Any

from docs.reference.markdown import code, one_line, table

_LIMITS = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "above {}"),
    ("maximum", "at most {}"),
    ("minItems", "at least {} of them"),
    ("maxItems", "at most {} of them"),
    ("maxLength", "at most {} characters"),
)


def kind_of(schema: Mapping[str, Any]) -> str:
    """``{"type": "array", "items": {"$ref": …/Line}}`` is ``list of [Line](#line)``."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind_of(part) for part in schema["anyOf"]))
    if "const" in schema:
        return code(str(schema["const"]))
    if "enum" in schema:
        return ", ".join(code(str(value)) for value in schema["enum"])
    return _plain(schema)


def _plain(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if kind == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"map of {kind_of(inner)}" if isinstance(inner, Mapping) and inner else "object"
    words = {None: "any value", "string": "text", "boolean": "true or false"}
    return str(schema.get("format") or words.get(kind, kind))


def model_section(name: str, schema: Mapping[str, Any]) -> str:
    """A heading, the model's own words, and a row per field; an enumeration lists its values."""
    required = set(schema.get("required", ()))
    fields = table(
        ("field", "value", "default", "meaning"),
        (
            (code(field), kind_of(about), _default(about, required=field in required), _meaning(about))
            for field, about in schema.get("properties", {}).items()
        ),
    )
    values = f"One of {kind_of(schema)}." if "enum" in schema else ""
    parts = (f"### {name}", one_line(schema.get("description")), values, fields)
    return "\n\n".join(part for part in parts if part)


def _default(about: Mapping[str, Any], *, required: bool) -> str:
    if required:
        return "**required**"
    default = about.get("default")
    return (
        ""
        if default in (None, [], {})
        else code(str(default).lower() if isinstance(default, bool) else str(default))
    )


def _meaning(about: Mapping[str, Any]) -> str:
    limits = [words.format(about[name]) for name, words in _LIMITS if name in about]
    pattern = [f"matches {code(about['pattern'])}"] if "pattern" in about else []
    words = one_line(about.get("description"))
    return " ".join(
        filter(None, [words, ("(" + ", ".join([*limits, *pattern]) + ")") if limits or pattern else ""])
    )
