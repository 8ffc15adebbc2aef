"""Whether a rule type-checks: names known, operators and functions given what they take, loops bounded."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from steadydesk.policies.expression_syntax import MACROS, Node
from steadydesk.policies.expression_types import (
    ANY,
    BOOL,
    DURATION,
    INSTANT,
    INT,
    NULL,
    NUMBER,
    STRING,
    Kind,
    MismatchError,
    Scope,
    Type,
    binary,
    conditional,
    unary,
    want,
)

_DEEPEST_LOOPS = 2
_LITERALS = {"int": INT, "number": NUMBER, "string": STRING, "bool": BOOL, "null": NULL}
_CONVERSIONS = {
    "string": STRING, "int": INT, "double": NUMBER, "bool": BOOL, "timestamp": INSTANT, "duration": DURATION,
}  # fmt: skip
_ON_TEXT = frozenset({"startsWith", "endsWith", "contains", "matches"})
_ON_TIME = frozenset({"getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getHours"})
_SIZED = (Kind.STRING, Kind.LIST, Kind.MAP)


def type_of(tree: Node, scope: Scope) -> Type:
    """What the rule yields; MismatchError on the first thing in it that does not type-check."""
    return _Check(scope, 0).type_of(tree)


@dataclass(frozen=True, slots=True)
class _Check:
    scope: Scope
    loops: int

    def type_of(self, node: Node) -> Type:
        match node.kind:
            case "literal":
                return _LITERALS[node.text]
            case "name":
                return _known(self.scope, node)
            case "select" | "index":
                return self._member(node)
            case "call":
                return self._call(node)
            case _:
                return self._compound(node)

    def _compound(self, node: Node) -> Type:
        parts = [self.type_of(part) for part in node.arguments]
        match node.kind:
            case "list":
                return Type(Kind.LIST, item=parts[0] if len(set(parts)) == 1 else ANY)
            case "map":
                return Type(Kind.MAP)
            case "unary":
                return unary(node, *parts)
            case "conditional":
                return conditional(node, *parts)
            case _:
                return binary(node, *parts)

    def _owner(self, node: Node) -> Type:
        return ANY if node.target is None else self.type_of(node.target)

    def _member(self, node: Node) -> Type:
        owner = self._owner(node)
        if owner.kind is Kind.ANY:
            return ANY
        if node.kind == "index":
            return _entry(node, owner, self.type_of(node.arguments[0]))
        if owner.kind is not Kind.MAP:
            raise MismatchError(f"{owner.kind} has no field '{node.text}'", node)
        return ANY if owner.fields is None else _known(owner.fields, node)

    def _call(self, node: Node) -> Type:
        if node.target is not None:
            owner = self._owner(node)
            return self._loop(node, owner) if node.text in MACROS else self._method(node, owner)
        if node.text not in _CONVERSIONS and node.text not in ("has", "size"):
            raise MismatchError(f"there is no function '{node.text}'", node)
        _takes(node, 1)
        given = self.type_of(node.arguments[0])
        if node.text == "has":
            return BOOL
        if node.text == "size":
            want(node.arguments[0], given, *_SIZED)
        return _CONVERSIONS.get(node.text, INT)

    def _method(self, node: Node, owner: Type) -> Type:
        if node.text in _ON_TEXT:
            return self._on_text(node, owner)
        if node.text != "size" and node.text not in _ON_TIME:
            raise MismatchError(f"there is no function '{node.text}'", node)
        _takes(node, 0)
        want(node, owner, *(_SIZED if node.text == "size" else (Kind.INSTANT,)))
        return INT

    def _on_text(self, node: Node, owner: Type) -> Type:
        _takes(node, 1)
        want(node, owner, Kind.STRING)
        want(node.arguments[0], self.type_of(node.arguments[0]), Kind.STRING)
        if node.text == "matches" and node.arguments[0].kind != "literal":
            raise MismatchError("the pattern of matches() must stand in the rule", node)
        return BOOL

    def _loop(self, node: Node, owner: Type) -> Type:
        _takes(node, 2)
        want(node, owner, Kind.LIST)
        variable, body = node.arguments
        if variable.kind != "name":
            raise MismatchError(f"{node.text}() begins with a name for the item", variable)
        if self.loops >= _DEEPEST_LOOPS:
            raise MismatchError(f"loops nest at most {_DEEPEST_LOOPS} deep", node)
        found = _Check({**self.scope, variable.text: owner.item or ANY}, self.loops + 1).type_of(body)
        if node.text == "map":
            return Type(Kind.LIST, item=found)
        want(body, found, Kind.BOOL)
        return owner if node.text == "filter" else BOOL


def _known(names: Mapping[str, Type], node: Node) -> Type:
    if node.text in names:
        return names[node.text]
    near = get_close_matches(node.text, names, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(sorted(names)) or 'none'}"
    raise MismatchError(f"'{node.text}' is not known; {hint}", node)


def _entry(node: Node, owner: Type, key: Type) -> Type:
    if owner.kind is Kind.LIST:
        want(node.arguments[0], key, Kind.INT)
        return owner.item or ANY
    if owner.kind is not Kind.MAP:
        raise MismatchError(f"{owner.kind} has no entries", node)
    if owner.fields is None:
        return ANY
    raise MismatchError("write the name after a dot, as variables.amount", node)


def _takes(node: Node, wanted: int) -> None:
    if len(node.arguments) != wanted:
        raise MismatchError(f"{node.text}() takes {wanted} values, not {len(node.arguments)}", node)
