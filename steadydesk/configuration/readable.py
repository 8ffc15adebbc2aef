"""What of a configuration with errors the rules can still look at, and what they must not conclude from its gaps."""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from steadydesk.configuration.problem import Path
from steadydesk.configuration.shape import keys_of, model_at
from steadydesk.contracts.organisation import Organisation

_SETTINGS = "organisation"
_NO_SETTINGS = {
    "name": "-",
    "complaints_group": "unread",
    "suggestions_group": "unread",
    "leavers_group": "unread",
}
"""What stands for the settings of an organisation that cannot be read; no finding on them is told."""

_ACROSS: Mapping[str, Mapping[str, str]] = {
    "C204": {"catalog": "connectors"},
    "C206": {"catalog": "connectors"},
    "C306": {"approval_policies": "catalog"},
    "C601": {"approval_policies": "catalog", "catalog": "connectors"},
    "C602": {"catalog": "connectors"},
    "C705": {"connectors": "secrets"},
}
"""For rules that look from one section into another: the one they look into, by the one they speak of."""

_OF_SETTINGS = frozenset({"C802", "C803", "C904"})


def readable(data: dict[str, Any], unread: Iterable[Path]) -> tuple[Organisation | None, frozenset[Path]]:
    """The organisation without what could not be read, and the paths of all that is not in it: ``()`` for a file that
    may have held anything, a section, or an entry. None where nothing is left to look at.
    """
    rest = deepcopy(data)
    gaps = set(unread)
    for path in [path for path in gaps if len(path) > 2 or path[:1] == (_SETTINGS,)]:
        _leave_out(rest, path, gaps)
    for _ in range(2):
        try:
            return Organisation.model_validate(rest), frozenset(gaps)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
            # All are looked up first: what one of them leaves out, another may stand in.
            for fault, (path, holder) in [(fault, _within(rest, fault["loc"])) for fault in faults]:
                _mend(rest, fault, path, holder, gaps)
    return None, frozenset(gaps)


def is_unread(gaps: frozenset[Path], section: str, key: str) -> bool:
    """Whether what could not be read holds the entry, or may hold it."""
    return bool(gaps & {(), (section,), (section, key)})


def is_certain(gaps: frozenset[Path], rule: str, path: Path) -> bool:
    """Whether the finding of a rule at ``path`` stands, whatever is in what could not be read."""
    sections = {part[0] if part else None for part in gaps}
    needed = {_SETTINGS} if rule in _OF_SETTINGS or path[:1] == (_SETTINGS,) else set[str]()
    if path and (across := _ACROSS.get(rule, {}).get(str(path[0]))):
        needed.add(across)
    return not needed & sections and (None not in sections or needed <= {_SETTINGS})


def _mend(rest: dict[str, Any], fault: ErrorDetails, path: Path, holder: object, gaps: set[Path]) -> None:
    if fault["type"] == "extra_forbidden" and isinstance(holder, dict):
        unknown = holder.pop(path[-1], None)
        if len(path) == 1:
            gaps.update(_section_meant(str(path[0]), unknown))
            return
        # An entry that is indented too far stands in the one above it, and what holds a map is part of something.
        gaps.update((path[0], name) for name in _keys_of_maps({path[-1]: unknown}))
        if not isinstance(unknown, dict) and not _is_misspelt(path, holder):
            return
    elif fault["type"] == "missing":
        path = (*path, fault["loc"][-1])
    _leave_out(rest, path, gaps)


def _within(rest: object, loc: tuple[str | int, ...]) -> tuple[Path, object]:
    """The part of a location that is in the data, without the names of union branches, and what holds it."""
    path: Path = ()
    holder: Any = None
    here: Any = rest
    for part in loc:
        known: Any = (
            here if isinstance(here, dict) else dict(enumerate(here)) if isinstance(here, list) else {}
        )
        if part in known:
            path, holder, here = (*path, part), here, known[part]
    return path, holder


def _section_meant(name: str, content: object) -> set[Path]:
    """What is unread where an unknown section stands: one called alike, or any where it has entries."""
    near = get_close_matches(name, keys_of(Organisation), n=1)
    return {(near[0],)} if near else {()} if isinstance(content, dict) else set()


def _is_misspelt(path: Path, holder: dict[str, Any]) -> bool:
    """Whether an unknown key is like one that is not given: what the entry says is then not known."""
    model = model_at(path[:-1])
    free = [] if model is None else [key for key in keys_of(model) if key not in holder]
    return bool(get_close_matches(str(path[-1]), free, n=1))


def _leave_out(rest: dict[str, Any], path: Path, gaps: set[Path]) -> None:
    section = path[0] if path else _SETTINGS
    if section == _SETTINGS:
        rest[_SETTINGS] = dict(_NO_SETTINGS)
        gaps.add((_SETTINGS,))
        return
    entries = rest.get(str(section))
    if len(path) > 1 and isinstance(entries, dict):
        gaps.update((section, name) for name in _keys_of_maps(entries.pop(path[1], None)))
    else:
        rest.pop(str(section), None)
    gaps.add(path[:2])


def _keys_of_maps(value: object) -> Iterator[str]:
    """Every key below ``value`` that holds a map, as an entry does."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict):
        yield from (str(key) for key, held in value.items() if isinstance(held, dict))
    for held in inner:
        yield from _keys_of_maps(held)
