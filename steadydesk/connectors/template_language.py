"""The part of Jinja that templates may use: fields, conditions, loops over given lists and a few filters.
No calls, assignments, arithmetic, macros or concatenation: nothing whose size or time is not bounded by the
template's length, the given values and the number of loop turns, and those are capped.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS

MOST_TURNS = 10_000
LONGEST_OUTPUT = 65_536
# Each of these takes time and gives text in proportion to its argument; `join` and `trim` are our own,
# because Jinja's multiply the lengths of two arguments.
_FILTERS = (
    "capitalize",
    "default",
    "escape",
    "first",
    "last",
    "length",
    "lower",
    "title",
    "truncate",
    "upper",
)
FILTER_NAMES = (*_FILTERS, "join", "trim")
_TESTS = ("defined", "undefined", "none", "true", "false", "odd", "even", "string", "number", "mapping")
_LOOP = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length", "depth"})
_NODES = frozenset({
    "And", "Compare", "CondExpr", "Const", "Filter", "For", "Getattr", "Getitem", "If", "Keyword", "List",
    "Name", "Neg", "Not", "Operand", "Or", "Output", "Slice", "Template", "TemplateData", "Test", "Tuple",
})  # fmt: skip


@dataclass(slots=True)
class Budget:
    """What one rendering may still use; `deadline` is on the clock of `time.monotonic`."""

    deadline: float
    turns: int = MOST_TURNS

    def tick(self) -> None:
        if time.monotonic() > self.deadline:
            raise SecurityError("the template runs too long")

    def turn(self) -> None:
        self.turns -= 1
        if self.turns < 0:
            raise SecurityError(f"the template's loops take more than {MOST_TURNS} turns")
        self.tick()


BUDGET: ContextVar[Budget | None] = ContextVar("template_budget", default=None)


class _CountedItems:
    """The items of a loop, each of which costs a turn."""

    def __init__(self, items: list[object]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[object]:
        budget = BUDGET.get()
        for item in self._items:
            if budget is not None:
                budget.turn()
            yield item


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """Attribute access reaches keys of given values and facts of a loop, never an attribute of Python."""

    def __init__(self, *, html: bool) -> None:
        super().__init__(autoescape=html, undefined=StrictUndefined, finalize=_printable, cache_size=0)
        self.globals.clear()
        own: dict[str, Callable[..., Any]] = {"join": _join, "trim": _trim, "counted": _counted}
        self.filters = {name: _ticking(FILTERS[name]) for name in _FILTERS} | own
        self.tests = {name: TESTS[name] for name in _TESTS} | {"in": TESTS["in"]}

    def getattr(self, obj: object, attribute: str) -> object:
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return super().getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: object, argument: Any) -> object:
        if isinstance(obj, Undefined):
            return str(obj)  # raises the error that names what is missing
        if isinstance(obj, dict | list | str):
            try:
                return obj[argument]
            except (TypeError, LookupError, ValueError):
                pass
        return self.undefined(obj=obj, name=argument)


def check_language(tree: nodes.Template, fields: frozenset[str]) -> None:
    """Raises SecurityError, with the line, for what is outside the language or the allow-list of fields
    (dotted paths; a path opens all below it).
    """
    _check(tree, fields, frozenset())


def count_turns(tree: nodes.Template, environment: TemplateEnvironment) -> None:
    """Make every loop of a checked template cost its turns."""
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = nodes.Filter(loop.iter, "counted", [], [], None, None, lineno=loop.lineno)
        loop.set_environment(environment)


def _check(node: nodes.Node, fields: frozenset[str], local: frozenset[str]) -> None:
    kind = type(node).__name__
    if kind not in _NODES or (isinstance(node, nodes.For) and node.recursive):
        raise SecurityError(f"line {node.lineno}: {kind.lower()} is not part of the template language")
    if isinstance(node, nodes.Filter | nodes.Test):
        _check_name(node)
    _check_attribute(node)
    path = _path(node)
    if path and path[0] not in local:
        prefixes = {".".join(path[:length]) for length in range(1, len(path) + 1)}
        if not prefixes & fields:
            raise SecurityError(f"line {node.lineno}: {'.'.join(path)} is not a field of this template")
    if isinstance(node, nodes.For):
        _check_loop(node, fields, local)
    elif not path:
        for child in node.iter_child_nodes():
            _check(child, fields, local)


def _check_loop(loop: nodes.For, fields: frozenset[str], local: frozenset[str]) -> None:
    _check(loop.iter, fields, local)
    targets = [loop.target, *loop.target.find_all(nodes.Name)]
    inner = local | {target.name for target in targets if isinstance(target, nodes.Name)} | {"loop"}
    for child in [*loop.body, *([loop.test] if loop.test else [])]:
        _check(child, fields, inner)
    for child in loop.else_:
        _check(child, fields, local)


def _check_name(node: nodes.Filter | nodes.Test) -> None:
    known: Iterable[str] = FILTER_NAMES if isinstance(node, nodes.Filter) else (*_TESTS, "in")
    if node.name not in known:
        kind = type(node).__name__.lower()
        raise SecurityError(f"line {node.lineno}: there is no {kind} {node.name}; there are {sorted(known)}")


def _check_attribute(node: nodes.Node) -> None:
    """Of the whole chain: an attribute that begins with an underscore is one of Python, and no value has it."""
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        name = node.attr if isinstance(node, nodes.Getattr) else None
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            name = str(node.arg.value) if str(node.arg.value).startswith("__") else None
        if name is not None and name.startswith("_"):
            raise SecurityError(f"line {node.lineno}: {name} is not a field of this template")
        node = node.node


def _path(node: nodes.Node) -> list[str]:
    """Names of a chain such as `order.lines['first']`, as far as it is constant; empty for other nodes."""
    if isinstance(node, nodes.Name):
        return [node.name]
    if isinstance(node, nodes.Getattr):
        return [*head, node.attr] if (head := _path(node.node)) else []
    if (
        isinstance(node, nodes.Getitem)
        and isinstance(node.arg, nodes.Const)
        and isinstance(node.arg.value, str)
    ):
        return [*head, node.arg.value] if (head := _path(node.node)) else []
    return []


def _ticking(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)  # keeps the mark by which Jinja passes the environment
    def ticking(*args: object, **kwargs: object) -> object:
        if (budget := BUDGET.get()) is not None:
            budget.tick()
        return function(*args, **kwargs)

    return ticking


def _counted(items: object) -> _CountedItems:
    if isinstance(items, Undefined):
        str(items)  # raises the error that names what is missing
    if not isinstance(items, list | dict | tuple):
        raise SecurityError("a loop needs a list")
    return _CountedItems(list(items))


def _join(items: object, separator: object = ", ") -> str:
    if not isinstance(items, list) or not all(isinstance(item, str | int | float) for item in items):
        raise SecurityError("join needs a list of texts or numbers")
    texts, between = [str(item) for item in items], str(separator)
    if sum(map(len, texts)) + len(between) * len(texts) > LONGEST_OUTPUT:
        raise SecurityError(f"join gives more than {LONGEST_OUTPUT} characters")
    return between.join(texts)


def _trim(text: object) -> str:
    return str(text).strip()


def _printable(value: object) -> object:
    """What `{{ … }}` prints: null as nothing, and no Python form of a list or mapping."""
    if value is None:
        return ""
    if isinstance(value, str | int | float | Undefined):
        return value
    raise SecurityError("only texts, numbers and booleans can be printed; loop over lists")
