"""Types of the values in a rule, and which of them go together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from steadydesk.policies.expression_syntax import Node


class Kind(StrEnum):
    BOOL = "yes or no"
    INT = "whole number"
    NUMBER = "number"
    STRING = "text"
    LIST = "list"
    MAP = "map"
    INSTANT = "instant"
    DURATION = "duration"
    NULL = "nothing"
    ANY = "anything"


@dataclass(frozen=True, slots=True)
class Type:
    """``item`` is the type of a list's items; ``fields`` those of a map whose names are known."""

    kind: Kind
    item: "Type | None" = None
    fields: Mapping[str, "Type"] | None = field(default=None, hash=False)


ANY = Type(Kind.ANY)
BOOL, INT, NUMBER, STRING = (Type(kind) for kind in (Kind.BOOL, Kind.INT, Kind.NUMBER, Kind.STRING))
INSTANT, DURATION, NULL = (Type(kind) for kind in (Kind.INSTANT, Kind.DURATION, Kind.NULL))
STRINGS = Type(Kind.LIST, item=STRING)

Scope = Mapping[str, Type]
"""The names that a rule may read, with their types."""

_NUMBERS = {Kind.INT, Kind.NUMBER}
_ORDERED = (Kind.INT, Kind.NUMBER, Kind.STRING, Kind.INSTANT, Kind.DURATION)


class MismatchError(Exception):
    """A part of a rule does not type-check; ``position`` counts characters of its source from 0."""

    def __init__(self, message: str, node: Node) -> None:
        super().__init__(message)
        self.message = message
        self.position = node.position


def want(node: Node, found: Type, *kinds: Kind) -> Type:
    """``found``, which must be of one of ``kinds``."""
    if found.kind is not Kind.ANY and found.kind not in kinds:
        raise MismatchError(f"{' or '.join(kinds)} is expected here, not {found.kind}", node)
    return found


def unary(node: Node, operand: Type) -> Type:
    """What ``!`` or ``-`` yields."""
    kinds = (Kind.BOOL,) if node.text == "!" else (Kind.INT, Kind.NUMBER)
    return want(node.arguments[0], operand, *kinds)


def conditional(node: Node, condition: Type, yes: Type, no: Type) -> Type:
    """What ``condition ? yes : no`` yields."""
    want(node.arguments[0], condition, Kind.BOOL)
    if yes.kind is no.kind:
        return yes
    if Kind.ANY in (yes.kind, no.kind):
        return ANY
    raise MismatchError(f"both outcomes must be of one type, not {yes.kind} and {no.kind}", node)


def binary(node: Node, left: Type, right: Type) -> Type:
    """What an operator between two values yields."""
    if node.text in ("+", "-", "*", "/", "%"):
        return _arithmetic(node, left, right)
    if node.text in ("&&", "||"):
        _both(node, left, right, Kind.BOOL)
    elif node.text == "in":
        want(node.arguments[1], right, Kind.LIST, Kind.MAP)
        _comparable(node, left, right.item or ANY)
    else:
        if node.text not in ("==", "!="):
            _both(node, left, right, *_ORDERED)
        _comparable(node, left, right)
    return BOOL


def _both(node: Node, left: Type, right: Type, *kinds: Kind) -> None:
    want(node.arguments[0], left, *kinds)
    want(node.arguments[1], right, *kinds)


def _comparable(node: Node, left: Type, right: Type) -> None:
    kinds = {left.kind, right.kind}
    if len(kinds) > 1 and not kinds <= _NUMBERS and not kinds & {Kind.ANY, Kind.NULL}:
        raise MismatchError(f"{left.kind} and {right.kind} cannot be compared with '{node.text}'", node)


def _arithmetic(node: Node, left: Type, right: Type) -> Type:
    if Kind.ANY in (left.kind, right.kind):
        return ANY
    if _moves_time(node, left, right) or _adds_up(node, left, right):
        return left if left.item == right.item else Type(Kind.LIST, item=ANY)
    hint = "; write whole numbers with a point, as 2.0" if {left.kind, right.kind} == _NUMBERS else ""
    raise MismatchError(f"'{node.text}' does not take {left.kind} and {right.kind}{hint}", node)


def _moves_time(node: Node, left: Type, right: Type) -> bool:
    return (
        node.text in ("+", "-") and right.kind is Kind.DURATION and left.kind in (Kind.INSTANT, Kind.DURATION)
    )


def _adds_up(node: Node, left: Type, right: Type) -> bool:
    if left.kind is not right.kind:
        return False
    if left.kind in (Kind.STRING, Kind.LIST):
        return node.text == "+"
    return left.kind is Kind.INT or (left.kind is Kind.NUMBER and node.text != "%")
