"""The identity of a configuration version, and how two versions differ."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from steadydesk.contracts.configuration import Difference, DifferenceKind, ResolvedOrganisation

_ORDERED = frozenset({"stages", "states", "steps", "fields"})
"""Maps whose first entry means something, so that one put before others is told with its place."""


def canonical(resolved: ResolvedOrganisation) -> str:
    """The JSON of which a version's digest is made. Keys keep their order: that of states and stages matters.

    Calendars leave out the digest that they are given when the version is read.
    """
    calendars = {"calendars": {"__all__": {"version"}}}
    document: dict[str, Any] = resolved.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude=calendars
    )
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def digest_of(text: str) -> str:
    """SHA-256, hexadecimal, of a version's canonical JSON."""
    return hashlib.sha256(text.encode()).hexdigest()


def differences(before: ResolvedOrganisation | None, after: ResolvedOrganisation) -> list[Difference]:
    """What ``after`` adds, removes, changes and puts into another order, in the order of the paths."""
    old_document = {} if before is None else _document(before)
    new_document = _document(after)
    old = dict(_leaves(old_document, ())) if old_document else {}
    new = dict(_leaves(new_document, ()))
    found = [_difference(path, old.get(path), new.get(path)) for path in old.keys() | new.keys()]
    values = [one for one in found if one.before != one.after]
    return sorted([*values, *_reordered(old_document, new_document, ())], key=lambda one: one.path)


def _document(resolved: ResolvedOrganisation) -> dict[str, Any]:
    """As canonical, with the sections at the top and the resolved calendars beside them."""
    document = json.loads(canonical(resolved))
    organisation, calendars = document.pop("organisation"), document.pop("calendars")
    return {**organisation, "resolved_calendars": calendars, **document}


def _leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Dotted paths of all values; lists are one value, since their items have no names."""
    if isinstance(value, Mapping) and value:
        for key, inner in cast("Mapping[str, object]", value).items():
            yield from _leaves(inner, (*path, key))
    else:
        yield ".".join(path), json.dumps(value, ensure_ascii=False)


def _reordered(
    before: Mapping[str, object], after: Mapping[str, object], path: tuple[str, ...]
) -> Iterator[Difference]:
    """Maps of both sides whose keys follow each other in another order, each as one difference."""
    kept = [key for key in before if key in after]
    follow = list(after) if path and path[-1] in _ORDERED else [key for key in after if key in before]
    if follow[: len(kept)] != kept:
        yield Difference(
            path=".".join(path),
            kind=DifferenceKind.REORDERED,
            before=json.dumps(list(before), ensure_ascii=False),
            after=json.dumps(list(after), ensure_ascii=False),
        )
    for key in kept:
        inner = before[key], after[key]
        if all(isinstance(one, Mapping) for one in inner):
            old, new = cast("tuple[Mapping[str, object], Mapping[str, object]]", inner)
            yield from _reordered(old, new, (*path, key))


def _difference(path: str, before: str | None, after: str | None) -> Difference:
    if before is None:
        return Difference(path=path, kind=DifferenceKind.ADDED, after=after)
    if after is None:
        return Difference(path=path, kind=DifferenceKind.REMOVED, before=before)
    return Difference(path=path, kind=DifferenceKind.CHANGED, before=before, after=after)
