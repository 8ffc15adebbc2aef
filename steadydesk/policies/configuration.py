"""The identity of a configuration version, and how two versions differ."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from steadydesk.contracts.configuration import Difference, DifferenceKind, ResolvedOrganisation


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
    """What ``after`` adds, removes and changes, value by value, in the order of the paths."""
    old = {} if before is None else dict(_leaves(_document(before), ()))
    new = dict(_leaves(_document(after), ()))
    found = [_difference(path, old.get(path), new.get(path)) for path in old.keys() | new.keys()]
    return sorted((one for one in found if one.before != one.after), key=lambda one: one.path)


def _document(resolved: ResolvedOrganisation) -> dict[str, Any]:
    """As canonical, with each calendar under its own key and the sections at the top."""
    document = json.loads(canonical(resolved))
    return {**document["organisation"], "resolved_calendars": document["calendars"]}


def _leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Dotted paths of all values; lists are one value, since their items have no names."""
    if isinstance(value, Mapping) and value:
        for key, inner in cast("Mapping[str, object]", value).items():
            yield from _leaves(inner, (*path, key))
    else:
        yield ".".join(path), json.dumps(value, ensure_ascii=False, sort_keys=True)


def _difference(path: str, before: str | None, after: str | None) -> Difference:
    if before is None:
        return Difference(path=path, kind=DifferenceKind.ADDED, after=after)
    if after is None:
        return Difference(path=path, kind=DifferenceKind.REMOVED, before=before)
    return Difference(path=path, kind=DifferenceKind.CHANGED, before=before, after=after)
