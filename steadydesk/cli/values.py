"""`--set key=value`: the answers of a form, each made the type that the form's JSON Schema gives it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import typer

_BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}


def read_values(settings: Iterable[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The values by key; BadParameter for what has no ``=`` or does not fit its type."""
    values: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"'{setting}' is no key=value", param_hint="--set")
        values[key] = _typed(key, text, schema.get("properties", {}).get(key))
    return values


def _typed(key: str, text: str, field: Mapping[str, Any] | None) -> Any:
    kind = field.get("type") if field else None
    try:
        match kind:
            case "string":
                return text
            case "number" | "integer":
                return int(text) if text.lstrip("-").isdecimal() else float(text)
            case "boolean":
                return _BOOLEANS[text.lower()]
            case "array":
                return [part.strip() for part in text.split(",") if part.strip()]
            case _:
                return _guessed(text)
    except (ValueError, KeyError):
        raise typer.BadParameter(f"'{key}' takes a {kind}, not '{text}'", param_hint="--set") from None


def _guessed(text: str) -> Any:
    """JSON where it is JSON, else the words themselves."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
