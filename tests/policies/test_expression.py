"""Rules: what they read, what is refused before they run, and what they answer."""

from typing import Any

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steadydesk.policies.expression import (
    ExpressionFailedError,
    ExpressionRefusedError,
    evaluate,
    holds,
    names,
    problems,
)
from steadydesk.policies.expression_types import BOOL, NUMBER, STRING, STRINGS, Kind, Type

FIELDS = {"amount": NUMBER, "urgent": BOOL, "tags": STRINGS, "team": STRING}
SCOPE = {"variables": Type(Kind.MAP, fields=FIELDS), "steps": Type(Kind.MAP, fields={})}
VALUES: dict[str, Any] = {
    "variables": {"amount": 1200, "urgent": True, "tags": ["a", "b"], "team": "sales", "iban": "DE00"}
}


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("variables.amount > 1000", {"variables.amount"}),
        ("has(steps.order.serial) && steps.order.serial != ''", {"steps.order.serial"}),
        ("variables.tags.exists(tag, tag == variables.team)", {"variables.tags", "variables.team"}),
        ("variables.tags.exists(variables, variables == 'a')", {"variables.tags"}),
        ("{'a': variables['team']}.a == 'x'", {"variables.team"}),
        ("size(variables.tags) + 1 > 2 ? variables.urgent : false", {"variables.tags", "variables.urgent"}),
        ("true", set()),
    ],
)
def test_a_rule_reads_the_paths_that_it_names(source: str, read: set[str]) -> None:
    assert names(source) == read


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("variables.amount > 1000", True),
        ("variables.amount * 2.0", 2400.0),
        ("variables.amount == 1200", True),
        ("variables.urgent && 'a' in variables.tags", True),
        ("variables.tags.filter(tag, tag != 'a')", ["b"]),
        ("variables.tags.map(tag, tag + '!')", ["a!", "b!"]),
        ("variables.team.startsWith('sal') ? 'yes' : 'no'", "yes"),
        ("{'team': variables.team}", {"team": "sales"}),
        ("timestamp('2026-01-31T10:00:00Z') + duration('24h')", "2026-02-01T10:00:00+00:00"),
        ("has(variables.absent)", False),
    ],
)
def test_outcomes(source: str, outcome: object) -> None:
    assert evaluate(source, VALUES) == outcome


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "ends too early"),
        ("1 +", "ends too early"),
        ("variables..team", "name is expected"),
        ("a b", "'b' is not expected"),
        ("f(1,,2)", "not expected"),
        ("'open", "is not expected here"),
        ("x" * 1001, "at most 1000 characters"),
        ("(" * 30 + "1" + ")" * 30, "nests at most 20"),
        ("!" * 30 + "true", "nests at most 20"),
        (" + ".join(["1"] * 200), "at most 250"),
        ("Person{name: 'x'}", "'{' is not expected"),
    ],
)
def test_what_is_no_rule_is_refused(source: str, words: str) -> None:
    with pytest.raises(ExpressionRefusedError, match=words):
        names(source)
    assert words in problems(source, SCOPE)[0].message


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("variables.amout > 1.0", "did you mean 'amount'?"),
        ("order.number == ''", "'order' is not known"),
        ("variables.team > 3", "text and whole number cannot be compared"),
        ("variables.amount * 2", "write whole numbers with a point"),
        ("!variables.team", "yes or no is expected here, not text"),
        ("variables.urgent && variables.amount", "yes or no is expected here, not number"),
        ("variables.urgent ? 1 : 'a'", "both outcomes must be of one type"),
        ("variables.team in variables.team", "list or map is expected"),
        ("variables.amount in variables.tags", "cannot be compared"),
        ("variables.tags.all(tag, tag)", "yes or no is expected here, not text"),
        ("variables.team.all(letter, true)", "list is expected here"),
        ("variables.team.matches(variables.team)", "pattern"),
        ("shell('rm')", "no function 'shell'"),
        ("variables.team.shout()", "no function 'shout'"),
        ("size()", "takes 1 values"),
        ("has('x')", "has() asks for a field"),
        ("variables['team'] == 'x'", "after a dot"),
        ("variables.team.length == 1", "text has no field 'length'"),
        ("size(variables) > 1", "name one value of 'variables'"),
        ("variables.amount", "must yield yes or no, not number"),
    ],
)
def test_what_does_not_type_check(source: str, words: str) -> None:
    (problem,) = problems(source, SCOPE, (Kind.BOOL,))
    assert words in problem.message
    assert 0 <= problem.position < len(source)


def test_what_may_be_absent_is_asked_for_first() -> None:
    optional = frozenset({"variables.amount"})
    assert "has(variables.amount)" in problems("variables.amount > 1.0", SCOPE, optional=optional)[0].message
    assert problems("has(variables.amount) && variables.amount > 1.0", SCOPE, optional=optional) == []


@pytest.mark.parametrize(
    "source",
    ["variables.absent > 1", "variables.team > 1", "int(variables.team) > 1", "variables.team.x == 1"],
)
def test_a_failure_never_repeats_a_value(source: str) -> None:
    with pytest.raises(ExpressionFailedError) as caught:
        evaluate(source, {"variables": {"team": "hush-hush"}})
    assert "hush-hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_rule_sees_only_what_it_names() -> None:
    seen: list[str] = []

    class Watched(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            seen.append(key)
            return super().__getitem__(key)

    assert holds("variables.urgent", {"variables": Watched(VALUES["variables"])})
    assert seen == ["urgent"]


def test_only_yes_or_no_holds() -> None:
    with pytest.raises(ExpressionFailedError, match="yes or no"):
        holds("variables.amount", VALUES)


ATOMS = st.sampled_from(
    [
        "variables.amount",
        "variables.urgent",
        "variables.team",
        "variables.tags",
        "1",
        "2.5",
        "'a'",
        "true",
        "[1]",
        "null",
    ]
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(
        inner, st.sampled_from(["&&", "||", "==", "!=", "<", "<=", ">", "+", "-", "*", "in"]), inner
    )
    return st.one_of(
        pairs.map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"!{part}"),
        inner.map(lambda part: f"size({part})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} ? {parts[1]} : {parts[2]})"),
        st.tuples(inner, inner).map(lambda parts: f"{parts[0]}.exists(x, {parts[1]})"),
    )


@settings(max_examples=300, deadline=None)
@given(st.recursive(ATOMS, _grown, max_leaves=6))
def test_what_type_checks_does_not_fail_on_types(source: str) -> None:
    """The oracle is the library itself, which fails on operands that do not go together."""
    if problems(source, SCOPE):
        return
    if "null" not in source:
        evaluate(source, VALUES)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="abc.()[]{}!&|=<>+-*/%?:,'\" 019_", max_size=30))
def test_every_rule_that_is_read_is_one_for_the_library_too(source: str) -> None:
    try:
        names(source)
    except ExpressionRefusedError:
        return
    cel.compile(source)
