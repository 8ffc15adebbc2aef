"""Rules on names that refer to something else: in the configuration, or in the directory."""

from collections.abc import Iterator, Mapping

from steadydesk.configuration.inspection import Inspection
from steadydesk.configuration.mentions import DIRECTORY_NOUNS, Mention, Noun, mentions
from steadydesk.configuration.problem import Severity, did_you_mean
from steadydesk.configuration.readable import is_unread
from steadydesk.configuration.rules.registry import Finding, rule
from steadydesk.contracts.form import FieldKind
from steadydesk.policies.form import references


@rule("C101", Severity.ERROR, "A reference to something that is not configured")
def dangling(inspection: Inspection) -> Iterator[Finding]:
    """A running process would meet a hole where its calendar, policy or connector should be."""
    organisation = inspection.organisation
    known: Mapping[Noun, tuple[str, Mapping[str, object]]] = {
        Noun.FUNCTION: ("functions", organisation.functions),
        Noun.SERVICE: ("services", organisation.services),
        Noun.CALENDAR: ("calendars", organisation.calendars),
        Noun.POLICY: ("approval_policies", organisation.approval_policies),
        Noun.MODEL: ("process_models", organisation.process_models),
        Noun.CONNECTOR: ("connectors", organisation.connectors),
        Noun.ITEM: ("catalog", organisation.catalog),
    }
    for path, noun, name in mentions(organisation):
        if noun in DIRECTORY_NOUNS:
            continue
        section, entries = known[noun]
        if name not in entries and not is_unread(inspection.unread, section, name):
            yield Finding(path, f"there is no {noun} '{name}'{did_you_mean(name, entries)}")


@rule("C102", Severity.ERROR, "A group or person that is not in the directory")
def unknown_people(inspection: Inspection) -> Iterator[Finding]:
    """Work that goes to a group which does not exist reaches nobody."""
    directory = inspection.directory
    if directory is None:
        return
    known = {Noun.GROUP: directory.members.keys(), Noun.PERSON: directory.people}
    for path, noun, name in mentions(inspection.organisation):
        if noun in known and name not in known[noun]:
            yield Finding(path, f"the directory has no {noun} '{name}'{did_you_mean(name, known[noun])}")
    for path, noun, name in _in_examples(inspection):
        if name not in known[noun] and not (noun is Noun.PERSON and name in directory.left):
            yield Finding(path, f"the directory has no {noun} '{name}'")


@rule("C104", Severity.WARNING, "An example names somebody who has left")
def left_people(inspection: Inspection) -> Iterator[Finding]:
    """Nothing runs on an example, but whoever tries it is refused: name somebody else."""
    left = inspection.directory.left if inspection.directory else frozenset[str]()
    for path, noun, name in _in_examples(inspection):
        if noun is Noun.PERSON and name in left:
            yield Finding(path, f"'{name}' is not active any more")


def _in_examples(inspection: Inspection) -> Iterator[Mention]:
    for path, item in inspection.items():
        for pointer, kind, name in references(item.form, item.example):
            if (noun := _NOUNS.get(kind)) is not None:
                yield Mention((*path, "example", pointer.removeprefix("/")), noun, name)


@rule("C103", Severity.WARNING, "Groups and people are not checked")
def unchecked(inspection: Inspection) -> Iterator[Finding]:
    """Put a directory.yaml beside the configuration, or name one, to have their keys checked."""
    if inspection.directory is None:
        yield Finding((), "no directory is given, so the keys of groups and people are not checked")


_NOUNS = {FieldKind.PERSON: Noun.PERSON, FieldKind.GROUP: Noun.GROUP}
