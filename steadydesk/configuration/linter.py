"""Runs the rules over what of an organisation could be read."""

from datetime import date

from steadydesk.configuration.inspection import Inspection, KnownDirectory
from steadydesk.configuration.loader import Loaded
from steadydesk.configuration.problem import Problem, nearest_spot
from steadydesk.configuration.readable import is_certain
from steadydesk.configuration.rules import RULES, Rule
from steadydesk.configuration.rules.registry import Finding


def lint(loaded: Loaded, today: date, directory: KnownDirectory | None = None) -> list[Problem]:
    """All problems, those of reading included, in the order of their places.

    Without ``directory``, groups and people are not checked and one warning says so. Of what could not be read,
    only the problems of reading are told; nothing is said to be missing that may stand there.
    """
    if loaded.readable is None:
        return loaded.problems
    inspection = Inspection(loaded.readable, today, directory, unread=loaded.unread)
    problems = set(loaded.problems)
    for rule in RULES.values():
        if rule.check is not None:
            problems.update(
                _problem(loaded, rule, finding)
                for finding in rule.check(inspection)
                if is_certain(loaded.unread, rule.id, finding.path)
            )
    return sorted(problems)


def _problem(loaded: Loaded, rule: Rule, finding: Finding) -> Problem:
    spot = nearest_spot(loaded.places, finding.path, loaded.top)
    return Problem(spot.key if rule.at_key else spot.value, rule.id, rule.severity, finding.message)
