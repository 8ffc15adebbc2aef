"""What an import would change: the directory as it is against a document, pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from steadydesk.contracts.directory import ANY_FUNCTION, Role, RoleHolding
from steadydesk.contracts.directory_document import (
    ChangeKind,
    DirectoryChange,
    DirectoryDifference,
    DirectoryDocument,
    GroupEntry,
    PersonEntry,
)
from steadydesk.errors import Problem

_MOST_NAMED = 6
_ADMINISTRATOR = RoleHolding(role=Role.ADMINISTRATOR, function=ANY_FUNCTION)


@dataclass(frozen=True, slots=True)
class Present:
    """The directory as it is, in the words of a document; groups and roles of each person are complete."""

    people: Mapping[str, PersonEntry] = field(default_factory=dict[str, PersonEntry])
    groups: Mapping[str, GroupEntry] = field(default_factory=dict[str, GroupEntry])


def dangling(present: Present, document: DirectoryDocument) -> list[Problem]:
    """A problem for each manager, group or person that the document names and nobody knows."""
    people = set(present.people) | {entry.user_name for entry in document.people}
    groups = set(present.groups) | {entry.key for entry in document.groups}
    problems: list[Problem] = []
    for index, person in enumerate(document.people):
        for name in ("manager", "same_person_as"):
            problems += _unknown(getattr(person, name), people, f"/people/{index}/{name}", "person")
        for position, key in enumerate(person.groups or []):
            problems += _unknown(key, groups, f"/people/{index}/groups/{position}", "group")
    for index, group in enumerate(document.groups):
        problems += _unknown(group.manager, people, f"/groups/{index}/manager", "person")
    return problems


def chained(present: Present, document: DirectoryDocument) -> list[Problem]:
    """Accounts of the document that name a first account which names another one, or themselves."""
    first_of = {name: entry.same_person_as for name, entry in present.people.items()}
    given = [entry for entry in document.people if "same_person_as" in entry.model_fields_set]
    first_of |= {entry.user_name: entry.same_person_as for entry in given}
    firsts = {first for first in first_of.values() if first}
    problems: list[Problem] = []
    for index, entry in enumerate(document.people):
        first = first_of.get(entry.user_name)
        if first and (words := wrong_first(first_of.get(first) is not None, entry.user_name in firsts)):
            problems.append(Problem(f"/people/{index}/same_person_as", words))
    return problems


def circular(present: Present, document: DirectoryDocument) -> list[Problem]:
    """A problem for each manager of the document in a circle that comes about by it, whatever the order of its
    entries. Whoever is their own manager has nobody above; a circle that stands already is not the document's.
    """
    before = {name: entry.manager for name, entry in present.people.items()}
    given = {
        entry.user_name: entry.manager for entry in document.people if "manager" in entry.model_fields_set
    }
    new = {name for name, manager in given.items() if manager != before.get(name)}
    words: dict[str, str] = {}
    for circle in _circles(before | given):
        if new & set(circle):
            words |= {name: circle_words(_from(circle, index)) for index, name in enumerate(circle)}
    return [
        Problem(f"/people/{index}/manager", words[entry.user_name])
        for index, entry in enumerate(document.people)
        if entry.user_name in words and entry.user_name in given
    ]


def _from(circle: Sequence[str], start: int) -> list[str]:
    """The circle as seen from there, as far as words tell it."""
    return [circle[(start + step) % len(circle)] for step in range(min(len(circle), _MOST_NAMED + 1))]


def circle_words(circle: Sequence[str]) -> str:
    """Why the manager of the first of them cannot be the second, of whom the third is, and so on."""
    named = [f"'{name}'" for name in circle[:_MOST_NAMED]] + ["…"] * (len(circle) > _MOST_NAMED)
    line = " → ".join([*named, f"'{circle[0]}'"])
    return f"nobody stands above themselves: {line}; give one of them another manager, or none"


def _circles(above: Mapping[str, str | None]) -> Iterator[list[str]]:
    """Each circle of two or more, once; nobody is looked at twice."""
    seen: set[str] = set()
    for start in above:
        line: list[str] = []
        name: str | None = start
        while name is not None and name not in seen:
            seen.add(name)
            line.append(name)
            name = above.get(name)
        if name is not None and name in line[:-1]:
            yield line[line.index(name) :]


def wrong_first(names_another: bool, is_first: bool) -> str | None:
    """Why an account cannot name the first one of its person: that one ``names_another``, or it ``is_first`` itself.
    All rules on a person, such as one vote at a gate, go by one step from an account to the first.
    """
    if names_another:
        return "must be the first account of the person, which names no other one itself"
    return "other accounts name this one as the first of its person" if is_first else None


def difference(present: Present, document: DirectoryDocument) -> DirectoryDifference:
    """What ``document`` adds, changes and removes; applying it leaves an empty difference."""
    changes = [_group_change(present.groups.get(entry.key), entry) for entry in document.groups]
    changes += [_person_change(present.people.get(entry.user_name), entry) for entry in document.people]
    made = [change for change in changes if change is not None]
    made += _not_listed(present, document) if document.complete else []
    people = [change for change in made if change.record == "person" and change.kind is not ChangeKind.ADDED]
    return DirectoryDifference(
        changes=made,
        unchanged=changes.count(None),
        departures=[one.key for one in people if one.kind is ChangeKind.REMOVED],
        returns=[one.key for one in people if one.kind is ChangeKind.CHANGED and "active" in one.fields],
        service_accounts=[one.key for one in people if "service_account" in one.fields],
    )


def last_administrators(present: Present, document: DirectoryDocument) -> list[Problem]:
    """A problem for each entry that takes an administrator away, where nobody would be one any more by the document;
    none where nobody was one before.
    """
    before = {name for name, entry in present.people.items() if _administers(entry)}
    listed = {entry.user_name: entry for entry in document.people}
    after = {
        name for name, entry in listed.items() if _administers(_together(present.people.get(name), entry))
    }
    after |= {name for name in before - listed.keys() if not document.complete}
    if not before or after:
        return []
    lost = [index for index, entry in enumerate(document.people) if entry.user_name in before]
    pointers = [f"/people/{index}" for index in lost] + (["/complete"] if before - listed.keys() else [])
    return [
        Problem(pointer, "nobody would be administrator of the whole organisation any more")
        for pointer in pointers
    ]


def _administers(entry: PersonEntry) -> bool:
    return entry.active and not entry.service_account and _ADMINISTRATOR in (entry.roles or [])


def _together(now: PersonEntry | None, then: PersonEntry) -> PersonEntry:
    """The entry as it is once ``then`` is applied, as far as rights need it."""
    if now is None:
        return then
    given = {name: getattr(then, name) for name in then.model_fields_set}
    if given.get("roles", ()) is None:
        del given["roles"]
    return now.model_copy(update=given)


def changed_fields(now: PersonEntry | GroupEntry, then: PersonEntry | GroupEntry) -> list[str]:
    """Names of the fields in which two entries differ; what ``then`` leaves out does not differ."""
    return [
        name
        for name in type(then).model_fields
        if name in then.model_fields_set and _differs(getattr(now, name), getattr(then, name), name)
    ]


def _differs(now: object, then: object, name: str) -> bool:
    if name not in ("groups", "roles"):
        return now != then
    return isinstance(then, list) and (not isinstance(now, list) or set(now) != set(then))  # pyright: ignore[reportUnknownArgumentType]


def _group_change(now: GroupEntry | None, then: GroupEntry) -> DirectoryChange | None:
    if now is None:
        return DirectoryChange(kind=ChangeKind.ADDED, record="group", key=then.key)
    fields = changed_fields(now, then)
    if not fields:
        return None
    return DirectoryChange(kind=ChangeKind.CHANGED, record="group", key=then.key, fields=fields)


def _person_change(now: PersonEntry | None, then: PersonEntry) -> DirectoryChange | None:
    if now is None:
        # Somebody who is unknown and not active has nothing to leave.
        added = DirectoryChange(kind=ChangeKind.ADDED, record="person", key=then.user_name)
        return added if then.active else None
    fields = changed_fields(now, then)
    if not fields:
        return None
    kind = ChangeKind.REMOVED if now.active and not then.active else ChangeKind.CHANGED
    return DirectoryChange(kind=kind, record="person", key=then.user_name, fields=fields)


def _not_listed(present: Present, document: DirectoryDocument) -> list[DirectoryChange]:
    listed = {entry.user_name for entry in document.people}
    return [
        DirectoryChange(kind=ChangeKind.REMOVED, record="person", key=name, fields=["active"])
        for name, entry in sorted(present.people.items())
        if name not in listed and entry.active and not entry.service_account
    ]


def _unknown(name: str | None, known: set[str], pointer: str, kind: str) -> list[Problem]:
    if name is None or name in known:
        return []
    return [Problem(pointer, f"there is no {kind} '{name}', neither in the directory nor in this document")]
