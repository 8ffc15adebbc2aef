"""The rules of the linter, one file per noun; importing this package registers them all."""

from steadydesk.configuration.rules import (
    approvals,
    calendars,
    connectors,
    durations,
    expressions,
    forms,
    items,
    models,
    ownership,
    plans,
    references,
    secrets,
    sensitive,
    templates,
    values,
)
from steadydesk.configuration.rules.registry import RULES, Rule

__all__ = [
    "RULES",
    "Rule",
    "approvals",
    "calendars",
    "connectors",
    "durations",
    "expressions",
    "forms",
    "items",
    "models",
    "ownership",
    "plans",
    "references",
    "secrets",
    "sensitive",
    "templates",
    "values",
]
