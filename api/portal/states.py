"""How states look: their words, and one of a few tones that mean the same on every page."""

from collections.abc import Mapping

from api.portal.words import Words
from steadydesk.contracts.agenda import WaitingKind
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.views import RecordView

TONES: Mapping[str, str] = {
    "received": "new", "open": "new", "requested": "wait", "approval": "wait", "pending": "wait",
    "returned": "act", "undoing": "act", "deciding": "act", "asked": "act",
    "fulfilment": "work", "in_process": "work", "work_in_progress": "work", "running": "work",
    "complete": "good", "closed_complete": "good", "approved": "good", "active": "good", "done": "good",
    "incomplete": "bad", "closed_incomplete": "bad", "rejected": "bad", "failed": "bad", "expired": "bad",
}  # fmt: skip
"""By phase or state; everything else is quiet."""

_QUESTIONS = frozenset({WaitingKind.REQUESTER, WaitingKind.INFORMATION})
_FOR_REQUESTER = frozenset({"asked", "returned"})


def tone_of(state: str) -> str:
    return TONES.get(state, "quiet")


def tone_of_record(view: RecordView) -> str:
    """A line has states of the organisation's own, so its phase counts; a task has its purpose as phase."""
    return tone_of(view.phase if view.kind == RecordKind.REQUEST_LINE.value else telling_state(view))


def telling_state(view: RecordView) -> str:
    """Of an open request a question to its requester, else the phase that tells most; the state of all else."""
    if view.kind != RecordKind.REQUEST.value or not view.open:
        return view.state
    return "asked" if any(each.kind in _QUESTIONS for each in view.waiting) else view.phase


def needs(view: RecordView, reader: str) -> bool:
    """Whether the open request waits for something that the person ``reader`` can do as its requester."""
    asked_by = (view.opened_by.id, view.caller.id)
    return view.open and reader in asked_by and telling_state(view) in _FOR_REQUESTER


def state_words(
    view: RecordView, words: Words, organisation: Organisation | None = None, reader: str | None = None
) -> str:
    """The state in words: those of the organisation's model for a line, ours for all else. A request that needs its
    ``reader`` says so.
    """
    item = organisation.catalog.get(view.item or "") if organisation else None
    if organisation is not None and item is not None and view.kind == RecordKind.REQUEST_LINE.value:
        model = organisation.process_models.get(item.model)
        if model is not None and view.state in model.states:
            return in_language(model.states[view.state].label, words.language)
    state = telling_state(view)
    if reader is not None and view.kind == RecordKind.REQUEST.value and needs(view, reader):
        return words(f"state.{state}_you")
    return words.either(f"state.{state}", state.replace("_", " ").replace("-", " "))
