"""Which values a rule reads: the dotted paths that policies are given, and no others."""

from collections.abc import Iterator, Mapping
from typing import cast

from steadydesk.policies.expression_syntax import MACROS, Node


def paths(tree: Node) -> Iterator[tuple[str, ...]]:
    """Every path that the rule reads, as ``("variables", "amount")``; variables of a macro are none."""
    yield from _paths(tree, frozenset())


def guarded(tree: Node) -> set[tuple[str, ...]]:
    """The paths that the rule asks for with ``has`` before it reads them."""
    asked = (
        node.arguments[0]
        for node in tree.walk()
        if node.kind == "call" and node.text == "has" and node.arguments
    )
    return {path for argument in asked if (path := path_of(argument)) is not None}


def path_of(node: Node) -> tuple[str, ...] | None:
    """The path of a chain such as ``steps.order.reference``; None for anything else."""
    if node.kind == "name":
        return (node.text,)
    if node.target is None or node.kind not in ("select", "index"):
        return None
    last = node.text if node.kind == "select" else _literal_key(node)
    before = path_of(node.target)
    return None if last is None or before is None else (*before, last)


def select(values: Mapping[str, object], wanted: frozenset[str]) -> dict[str, object]:
    """The part of nested ``values`` that the dotted paths name; a path without a value is left out."""
    chosen: dict[str, object] = {}
    for path in sorted(wanted):
        _copy(values, chosen, path.split("."))
    return chosen


def _copy(source: Mapping[str, object], target: dict[str, object], path: list[str]) -> None:
    first, *rest = path
    if not rest:
        if first in source:
            target[first] = source[first]
        return
    inner = source.get(first)
    part = target.setdefault(first, {})
    if isinstance(inner, Mapping) and isinstance(part, dict):
        _copy(cast("Mapping[str, object]", inner), cast("dict[str, object]", part), rest)


def _literal_key(node: Node) -> str | None:
    key = node.arguments[0]
    return (
        key.value[1:-1] if key.kind == "literal" and key.text == "string" and "\\" not in key.value else None
    )


def _paths(node: Node, bound: frozenset[str]) -> Iterator[tuple[str, ...]]:
    path = path_of(node)
    if path is not None:
        if path[0] not in bound:
            yield path
        return
    inner = bound
    arguments = node.arguments
    if node.kind == "call" and node.target is not None and node.text in MACROS and arguments:
        inner = bound | {arguments[0].text}
        arguments = arguments[1:]
    if node.target is not None:
        yield from _paths(node.target, bound)
    for argument in arguments:
        yield from _paths(argument, inner)
