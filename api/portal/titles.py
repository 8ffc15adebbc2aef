"""What requests are called, and their lines where there are several; for whom these are."""

from collections import Counter
from collections.abc import Mapping, Sequence

from api.portal.words import Words
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.views import LineView, PersonRef, RecordView, RequestView
from steadydesk.records.views.people_operations import future_person


def title_of(view: RecordView, words: Words) -> str:
    """A request of several lines is named by its first one and the number of the others."""
    others = (view.quantity or 1) - 1 if view.kind == RecordKind.REQUEST.value else 0
    title = view.short_description
    return words("requests.and_more", title=title, count=others) if others > 0 else title


def line_names(lines: Sequence[LineView]) -> Mapping[str, str]:
    """How to tell each line of an order from the others, by its number; empty where there is only one."""
    if len(lines) < 2:
        return {}
    often = Counter(line.short_description for line in lines)
    return {
        line.number: line.short_description
        if often[line.short_description] == 1
        else f"{line.short_description} ({line.number})"
        for line in lines
    }


def for_whom(organisation: Organisation, line: LineView) -> PersonRef:
    """Whom the line is for, as far as its reader sees its answers: somebody who is not in the directory yet is named
    there alone, and their line is kept as that of who asked.
    """
    item = organisation.catalog.get(line.item or "")
    name = future_person(item, line) if item else None
    return PersonRef(id="", name=name) if name else line.caller


def beneficiaries(organisation: Organisation, view: RequestView) -> list[PersonRef]:
    """Whom the lines of the request are for, each once; nobody where all of them are for who asked."""
    found = {(one.id, one.name): one for one in (for_whom(organisation, line) for line in view.items)}
    return [] if set(found) == {(view.opened_by.id, view.opened_by.name)} else list(found.values())
