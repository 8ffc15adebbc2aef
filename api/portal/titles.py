"""What requests are called, and their lines where there are several."""

from collections import Counter
from collections.abc import Mapping, Sequence

from api.portal.words import Words
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.views import LineView, RecordView


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
