"""Rules in CEL: checked when the configuration is applied, evaluated in activities, never in a workflow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import cast

import cel
from pydantic import JsonValue

from steadydesk.policies.expression_check import type_of
from steadydesk.policies.expression_names import guarded, paths, select
from steadydesk.policies.expression_syntax import Node, RuleSyntaxError, parse
from steadydesk.policies.expression_types import Kind, MismatchError, Scope, Type

_MAYBE_EMPTY = "'{path}' may be empty: ask has({path}) first"

_NO_PATTERN = "{pattern} is no regular expression that matches() can use: no look-around, no back-reference"


class ExpressionError(Exception):
    """A rule cannot be used; the message names the rule and why, never a value that it read."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"the rule '{source[:200]}': {reason}")
        self.source = source
        self.reason = reason


class ExpressionRefusedError(ExpressionError):
    """The source is no rule, or too large a one."""


class ExpressionFailedError(ExpressionError):
    """The rule has no outcome for these values: one is absent, or of another type than the rule expects."""


@dataclass(frozen=True, slots=True)
class ExpressionProblem:
    """``position`` counts characters of the source from 0."""

    message: str
    position: int


def names(source: str) -> frozenset[str]:
    """Dotted paths that the rule reads, such as ``variables.amount``: all that a policy is given."""
    return frozenset(".".join(path) for path in paths(_compiled(source)[0]))


def asked(source: str) -> frozenset[str]:
    """Dotted paths whose presence the rule asks for with ``has``."""
    return frozenset(".".join(path) for path in guarded(_compiled(source)[0]))


def problems(
    source: str, scope: Scope, wanted: tuple[Kind, ...] = (), optional: frozenset[str] = frozenset()
) -> list[ExpressionProblem]:
    """Why the rule must not be used where ``scope`` is known; empty when it may.

    ``wanted`` are the kinds that its outcome may have, none: any; ``optional`` are paths that may be absent
    and need ``has`` first.
    """
    try:
        tree, _ = _compiled(source)
    except ExpressionRefusedError as refused:
        return [ExpressionProblem(refused.reason, 0)]
    try:
        found = type_of(tree, scope)
    except MismatchError as mismatch:
        return [ExpressionProblem(mismatch.message, mismatch.position)]
    return [
        *_unusable_patterns(tree),
        *_whole_maps(tree, scope),
        *_unguarded(tree, optional),
        *_outcome(found, wanted),
    ]


def evaluate(source: str, values: Mapping[str, object]) -> JsonValue:
    """The outcome over nested ``values``, of which the rule sees only the paths that it names.

    All numbers are read as numbers with a fraction; an instant comes out as ISO 8601. Raises
    ExpressionRefusedError and ExpressionFailedError.
    """
    _, program = _compiled(source)
    chosen = select(values, names(source))
    context = {root: _fractions(value) for root, value in chosen.items()}
    try:
        outcome = program.execute(context)
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise ExpressionFailedError(source, _reason(error)) from None
    return outcome.isoformat() if isinstance(outcome, datetime) else outcome


def holds(source: str, values: Mapping[str, object]) -> bool:
    """The outcome of a rule that answers yes or no; ExpressionFailedError when it answers anything else."""
    outcome = evaluate(source, values)
    if not isinstance(outcome, bool):
        raise ExpressionFailedError(source, "it must answer yes or no")
    return outcome


@lru_cache(maxsize=1024)
def _compiled(source: str) -> tuple[Node, cel.Program]:
    try:
        return parse(source), cel.compile(source)
    except RuleSyntaxError as problem:
        raise ExpressionRefusedError(
            source, f"{problem.message} (character {problem.position + 1})"
        ) from None
    except ValueError:
        raise ExpressionRefusedError(source, "it is not a CEL expression") from None


def _reason(error: Exception) -> str:
    if isinstance(error, LookupError):
        return "a value that it reads is absent"
    if isinstance(error, ArithmeticError):
        return "a number is out of range"
    return "a value is of another type than it expects"


def _fractions(value: object) -> object:
    if isinstance(value, Mapping):
        parts = cast("Mapping[str, object]", value)
        return {key: _fractions(part) for key, part in parts.items()}
    if isinstance(value, (list, tuple)):
        return [_fractions(part) for part in cast("list[object]", value)]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _unusable_patterns(tree: Node) -> list[ExpressionProblem]:
    """A pattern is read when the rule is evaluated, and a rule that fails counts as true."""
    asked_for = [node.arguments[0] for node in tree.walk() if (node.kind, node.text) == ("call", "matches")]
    return [
        ExpressionProblem(_NO_PATTERN.format(pattern=pattern.value), pattern.position)
        for pattern in asked_for
        if not _can_match(pattern.value)
    ]


def _can_match(pattern: str) -> bool:
    """Whether the literal is a regular expression of those who evaluate it."""
    try:
        cel.compile(f"''.matches({pattern})").execute({})
    except (RuntimeError, ValueError):
        return False
    return True


def _whole_maps(tree: Node, scope: Scope) -> list[ExpressionProblem]:
    """A rule that reads a whole group of values would be given all of them, the sensitive ones too."""
    groups = (path for path in paths(tree) if _declared(scope, path).fields is not None)
    return [ExpressionProblem(f"name one value of '{'.'.join(path)}', not all of it", 0) for path in groups]


def _declared(scope: Scope, path: tuple[str, ...]) -> Type:
    declared = scope[path[0]]
    for part in path[1:]:
        declared = (declared.fields or {}).get(part, Type(Kind.ANY))
    return declared


def _unguarded(tree: Node, optional: frozenset[str]) -> list[ExpressionProblem]:
    asked = guarded(tree)
    open_paths = sorted({".".join(path) for path in paths(tree) if path not in asked} & optional)
    return [ExpressionProblem(_MAYBE_EMPTY.format(path=path), 0) for path in open_paths]


def _outcome(found: Type, wanted: tuple[Kind, ...]) -> list[ExpressionProblem]:
    if not wanted or found.kind in (*wanted, Kind.ANY):
        return []
    return [ExpressionProblem(f"the rule must yield {' or '.join(wanted)}, not {found.kind}", 0)]
