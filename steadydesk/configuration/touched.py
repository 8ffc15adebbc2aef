"""Whose business a change of the configuration is: one function's alone, or the whole organisation's."""

from collections.abc import Iterable

from steadydesk.contracts.configuration import Difference, ResolvedOrganisation
from steadydesk.contracts.directory import ANY_FUNCTION
from steadydesk.contracts.organisation import Organisation
from steadydesk.policies.configuration import canonical


def functions_touched(
    found: Iterable[Difference], before: ResolvedOrganisation | None, after: ResolvedOrganisation
) -> set[str]:
    """The functions whose items, services or entries change; ``*`` for what several of them share.

    Another version of which no difference tells anything is everybody's business too.
    """
    sides = [after.organisation, *([before.organisation] if before else [])]
    touched = {function for one in found for function in _functions(one.path.split("."), sides)}
    if touched or (before is not None and canonical(before) == canonical(after)):
        return touched
    return {ANY_FUNCTION}


def _functions(path: list[str], sides: list[Organisation]) -> set[str]:
    section, key = path[0], path[1] if len(path) > 1 else ""
    if section == "functions" and key:
        return {key}
    entries = [
        entry
        for side in sides
        if (entry := getattr(side, section, {})) and section in ("catalog", "services")
    ]
    owners = {entry[key].function for entry in entries if key in entry}
    return owners or {ANY_FUNCTION}
