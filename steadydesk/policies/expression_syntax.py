"""The syntax tree of a rule, from which its types and the names that it reads are found."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

LONGEST_SOURCE = 1_000
DEEPEST_NESTING = 20
MOST_NODES = 250

MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
"""Methods whose first argument names a variable that their second argument reads."""


class RuleSyntaxError(ValueError):
    """The source is no rule; ``position`` counts characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


@dataclass(frozen=True, slots=True)
class Node:
    """One node; ``kind`` says which of the other fields hold something.

    literal (``text`` is its type: int, number, string, bool, null) · name (``text``) · select (``text`` is
    the field of ``target``) · index · call (``text`` is the function, ``target`` the receiver) · list · map ·
    unary and binary (``text`` is the operator) · conditional
    """

    kind: str
    position: int
    text: str = ""
    target: "Node | None" = None
    arguments: tuple["Node", ...] = ()
    value: str = field(default="", compare=False)

    def walk(self) -> Iterator["Node"]:
        yield self
        if self.target is not None:
            yield from self.target.walk()
        for argument in self.arguments:
            yield from argument.walk()


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<number>(?:\d+\.\d+|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?)
    |(?P<int>0[xX][0-9a-fA-F]+[uU]?|\d+[uU]?)
    |(?P<string>[rR]?(?:'''(?s:.*?)'''|\"\"\"(?s:.*?)\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<mark>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])""",
    re.VERBOSE,
)

_PRECEDENCE = {
    "||": 1, "&&": 2,
    "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip
_WORDS = {"true": "bool", "false": "bool", "null": "null"}


def parse(source: str) -> Node:
    """The tree of ``source``; RuleSyntaxError when it is no rule, or larger than the limits above."""
    if len(source) > LONGEST_SOURCE:
        raise RuleSyntaxError(f"a rule has at most {LONGEST_SOURCE} characters, this one {len(source)}", 0)
    parser = _Parser(list(_tokens(source)), len(source))
    tree = parser.expression()
    parser.expect_end()
    if sum(1 for _ in tree.walk()) > MOST_NODES:
        raise RuleSyntaxError(f"a rule has at most {MOST_NODES} names, values and operators", 0)
    return tree


def _tokens(source: str) -> Iterator[_Token]:
    position = 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            raise RuleSyntaxError(f"{source[position]!r} is not expected here", position)
        kind = str(match.lastgroup)
        if kind != "space":
            yield _Token(kind, match.group(), position)
        position = match.end()


class _Parser:
    """Precedence climbing; every level of nesting passes ``expression`` or ``_unary``, which count it."""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens = tokens
        self._end = _Token("end", "", end)
        self._next = 0
        self._depth = 0

    def expression(self) -> Node:
        self._enter()
        condition = self._binary(1)
        if self._take("?"):
            yes = self.expression()
            self._expect(":")
            condition = Node("conditional", condition.position, arguments=(condition, yes, self.expression()))
        self._depth -= 1
        return condition

    def expect_end(self) -> None:
        if self._peek().kind != "end":
            raise RuleSyntaxError(f"'{self._peek().text}' is not expected here", self._peek().position)

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise RuleSyntaxError(
                f"a rule nests at most {DEEPEST_NESTING} levels deep", self._peek().position
            )

    def _peek(self) -> _Token:
        return self._tokens[self._next] if self._next < len(self._tokens) else self._end

    def _take(self, *texts: str) -> _Token | None:
        token = self._peek()
        if token.kind not in ("mark", "name") or token.text not in texts:
            return None
        self._next += 1
        return token

    def _expect(self, text: str) -> _Token:
        token = self._take(text)
        if token is None:
            found = self._peek()
            raise RuleSyntaxError(
                f"'{text}' is expected here, not {repr(found.text) if found.text else 'the end'}",
                found.position,
            )
        return token

    def _binary(self, least: int) -> Node:
        left = self._unary()
        while (strength := _PRECEDENCE.get(self._peek().text, 0)) >= least and self._peek().kind != "string":
            operator = self._peek()
            self._next += 1
            right = self._binary(strength + 1)
            left = Node("binary", operator.position, operator.text, arguments=(left, right))
        return left

    def _unary(self) -> Node:
        operator = self._take("!", "-")
        if operator is None:
            return self._member()
        self._enter()
        operand = self._unary()
        self._depth -= 1
        return Node("unary", operator.position, operator.text, arguments=(operand,))

    def _member(self) -> Node:
        node = self._primary()
        while token := self._take(".", "["):
            if token.text == "[":
                node = Node("index", token.position, target=node, arguments=(self.expression(),))
                self._expect("]")
                continue
            name = self._name()
            if self._take("("):
                node = Node("call", name.position, name.text, node, self._list(")"))
            else:
                node = Node("select", name.position, name.text, node)
        return node

    def _name(self) -> _Token:
        token = self._peek()
        if token.kind != "name":
            raise RuleSyntaxError("a name is expected after the dot", token.position)
        self._next += 1
        return token

    def _primary(self) -> Node:
        token = self._peek()
        self._next += 1
        if token.kind in ("int", "number", "string"):
            return Node("literal", token.position, token.kind, value=token.text)
        if token.kind == "name" and token.text != "in":
            return self._named(token)
        if token.text == "(":
            inner = self.expression()
            self._expect(")")
            return inner
        if token.text == "[":
            return Node("list", token.position, arguments=self._list("]"))
        if token.text == "{":
            return Node("map", token.position, arguments=self._entries())
        raise RuleSyntaxError(
            f"'{token.text}' is not expected here" if token.text else "the rule ends too early",
            token.position,
        )

    def _named(self, token: _Token) -> Node:
        if token.text in _WORDS:
            return Node("literal", token.position, _WORDS[token.text], value=token.text)
        if self._take("("):
            arguments = self._list(")")
            if token.text == "has" and [argument.kind for argument in arguments] != ["select"]:
                raise RuleSyntaxError("has() asks for a field, as has(variables.amount)", token.position)
            return Node("call", token.position, token.text, arguments=arguments)
        return Node("name", token.position, token.text)

    def _list(self, closing: str) -> tuple[Node, ...]:
        nodes: list[Node] = []
        while not self._take(closing):
            if nodes:
                self._expect(",")
            nodes.append(self.expression())
        return tuple(nodes)

    def _entries(self) -> tuple[Node, ...]:
        nodes: list[Node] = []
        while not self._take("}"):
            if nodes:
                self._expect(",")
            nodes.append(self.expression())
            self._expect(":")
            nodes.append(self.expression())
        return tuple(nodes)
