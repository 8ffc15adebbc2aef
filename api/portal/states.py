"""How states look: their words, and one of a few tones that mean the same on every page."""

from collections.abc import Mapping

from api.portal.words import Words
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.views import RecordView

TONES: Mapping[str, str] = {
    "received": "new", "open": "new", "requested": "wait", "approval": "wait", "pending": "wait",
    "returned": "act", "undoing": "act", "deciding": "act",
    "fulfilment": "work", "in_process": "work", "work_in_progress": "work", "running": "work",
    "complete": "good", "closed_complete": "good", "approved": "good", "active": "good", "done": "good",
    "incomplete": "bad", "closed_incomplete": "bad", "rejected": "bad", "failed": "bad", "expired": "bad",
}  # fmt: skip
"""By phase or state; everything else is quiet."""


def tone_of(state: str) -> str:
    return TONES.get(state, "quiet")


def tone_of_record(view: RecordView) -> str:
    """A line has states of the organisation's own, so its phase counts; a task has its purpose as phase."""
    return tone_of(view.phase if view.kind == RecordKind.REQUEST_LINE.value else view.state)


def state_words(view: RecordView, words: Words, organisation: Organisation | None = None) -> str:
    """The state in words: those of the organisation's model for a line, ours for all else."""
    item = organisation.catalog.get(view.item or "") if organisation else None
    if organisation is not None and item is not None and view.kind == RecordKind.REQUEST_LINE.value:
        model = organisation.process_models.get(item.model)
        if model is not None and view.state in model.states:
            return in_language(model.states[view.state].label, words.language)
    return words.either(f"state.{view.state}", view.state.replace("_", " ").replace("-", " "))
