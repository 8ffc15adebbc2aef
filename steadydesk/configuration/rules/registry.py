"""What a rule is: a stable id, a severity, a title, and a function that finds where it is broken."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.problem import Path, Severity


class Finding(NamedTuple):
    path: Path
    message: str


Check = Callable[[Inspection], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """``at_key`` places its problems at the key of the path, not at the value."""

    id: str
    severity: Severity
    title: str
    reason: str
    check: Check | None
    at_key: bool = False


RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule(
            "C001",
            Severity.ERROR,
            "A file that cannot be read",
            "It must be UTF-8 text of a sane size.",
            None,
        ),
        Rule(
            "C002", Severity.ERROR, "A file that is not YAML", "The place is where reading had to stop.", None
        ),
        Rule(
            "C003",
            Severity.ERROR,
            "A key that is defined twice",
            "In one file or in two; both places are named.",
            None,
        ),
        Rule(
            "C004",
            Severity.ERROR,
            "YAML that is not read",
            "Anchors, aliases, merge keys, tags, several documents and very deep nesting hide what is meant.",
            None,
        ),
        Rule(
            "C005",
            Severity.ERROR,
            "An unknown key",
            "A misspelt key would otherwise silently do nothing.",
            None,
        ),
        Rule("C006", Severity.ERROR, "A key that is missing", "An accountable owner, for example.", None),
        Rule("C007", Severity.ERROR, "A value that does not fit", "The message says what is expected.", None),
        Rule(
            "C008",
            Severity.ERROR,
            "A duration without a unit",
            "A bare number would be read as seconds.",
            None,
        ),
    )
}
"""Every rule by its id; those without a check are found while the files are read."""


def rule(rule_id: str, severity: Severity, title: str, *, at_key: bool = False) -> Callable[[Check], Check]:
    """Registers the decorated function; its docstring says why the rule is."""

    def register(check: Check) -> Check:
        if rule_id in RULES:
            raise ValueError(f"two rules are called {rule_id}")
        reason = " ".join((check.__doc__ or "").split())
        RULES[rule_id] = Rule(rule_id, severity, title, reason, check, at_key)
        return check

    return register
