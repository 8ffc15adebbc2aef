"""Templates of the organisation's configuration, rendered with bounded time, size and reach. The text that
people write is only ever a value, never a template.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from enum import StrEnum

from jinja2 import TemplateError
from jinja2.environment import Template as CompiledTemplate
from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError
from pydantic import JsonValue

from steadydesk.connectors.errors import BadValue, TemplateRefused
from steadydesk.connectors.template_language import (
    BUDGET,
    LONGEST_OUTPUT,
    Budget,
    TemplateEnvironment,
    check_language,
    count_turns,
)

LONGEST_SOURCE = 16_384
LARGEST_VALUES = 262_144
DEEPEST_VALUES = 20
DEFAULT_SECONDS = 2.0


class TemplateForm(StrEnum):
    TEXT = "text"
    HTML = "html"  # every value is escaped


class Template:
    """`fields` are the dotted paths that the template may read (`order.number`); a path opens all below it.
    Raises TemplateRefused, with the line, for a template outside the language or its fields.
    """

    def __init__(self, source: str, fields: Iterable[str], form: TemplateForm) -> None:
        self._fields = frozenset(fields)
        self._compiled = _compile(source, self._fields, form)

    def render(self, values: Mapping[str, JsonValue], seconds: float = DEFAULT_SECONDS) -> str:
        """At most 64 kB of text. Blocks its thread for at most about `seconds`, then raises TemplateRefused,
        as for a missing field. Values outside the fields are not even given to the template.
        """
        given = _projected(values, self._fields)
        token = BUDGET.set(Budget(time.monotonic() + seconds))
        try:
            return self._generate(given)
        except (SecurityError, UndefinedError) as error:
            raise TemplateRefused(f"template: {error.message}") from None
        except (TemplateError, ArithmeticError, AttributeError, TypeError, ValueError, LookupError) as error:
            # The words of these errors may quote a value.
            raise TemplateRefused(f"template: {type(error).__name__} while it was filled") from None
        finally:
            BUDGET.reset(token)

    def _generate(self, given: dict[str, JsonValue]) -> str:
        pieces: list[str] = []
        size = 0
        for piece in self._compiled.generate(given):
            size += len(piece.encode("utf-8", "replace"))
            if size > LONGEST_OUTPUT:
                raise SecurityError(f"the text is longer than {LONGEST_OUTPUT} bytes")
            pieces.append(piece)
        return "".join(pieces)


async def render(
    template: Template, values: Mapping[str, JsonValue], seconds: float = DEFAULT_SECONDS
) -> str:
    """As `Template.render`, in a thread, so that the event loop goes on."""
    return await asyncio.to_thread(template.render, values, seconds)


def _compile(source: str, fields: frozenset[str], form: TemplateForm) -> CompiledTemplate:
    if len(source) > LONGEST_SOURCE:
        raise TemplateRefused(f"template: longer than {LONGEST_SOURCE} characters")
    environment = TemplateEnvironment(html=form is TemplateForm.HTML)
    try:
        tree = environment.parse(source)
        check_language(tree, fields)
        count_turns(tree, environment)
        return CompiledTemplate.from_code(environment, environment.compile(tree), {})
    except TemplateSyntaxError as error:
        raise TemplateRefused(f"template: line {error.lineno}: {error.message}") from None
    except SecurityError as error:
        raise TemplateRefused(f"template: {error.message}") from None
    except (SyntaxError, RecursionError, ValueError, MemoryError):
        raise TemplateRefused("template: nested too deeply, or a number too long") from None


def _projected(values: Mapping[str, JsonValue], fields: frozenset[str]) -> dict[str, JsonValue]:
    """Copies of the values at the given paths, in plain types: a `Markup` would escape the escaping."""
    given: dict[str, JsonValue] = {}
    meter = _Meter()
    for path in sorted(fields):
        *parents, last = path.split(".")
        source, target = _descend(values, given, parents)
        if source is not None and last in source:
            target[last] = meter.plain(path, source[last], 0)
    return given


def _descend(
    values: Mapping[str, JsonValue], given: dict[str, JsonValue], parents: list[str]
) -> tuple[Mapping[str, JsonValue] | None, dict[str, JsonValue]]:
    source: Mapping[str, JsonValue] = values
    target = given
    for name in parents:
        below = source.get(name)
        if not isinstance(below, dict):
            return None, target
        source = below
        next_target = target.setdefault(name, {})
        if not isinstance(next_target, dict):
            return None, target
        target = next_target
    return source, target


class _Meter:
    """Copies JSON values and refuses more than a template may be given."""

    def __init__(self) -> None:
        self._size = 0

    def plain(self, path: str, value: JsonValue, depth: int) -> JsonValue:
        self._size += len(value) + 1 if isinstance(value, str) else 8
        if self._size > LARGEST_VALUES or depth > DEEPEST_VALUES:
            raise BadValue(path, "is too large or nested too deeply for a template")
        if isinstance(value, dict):
            return {str(key): self.plain(path, item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.plain(path, item, depth + 1) for item in value]
        if isinstance(value, str):
            return str.__str__(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        raise BadValue(path, "is no JSON value")
