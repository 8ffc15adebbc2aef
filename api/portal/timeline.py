"""What happened to a request in the reader's words: what people did and what came of it, and every single step."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from api.portal.page import Page
from api.portal.progress import label_of
from api.portal.titles import line_names
from steadydesk.contracts.assertion import SERVICE_ACTOR
from steadydesk.contracts.plan import StepKind
from steadydesk.contracts.process_model import Phase
from steadydesk.contracts.request import TaskPurpose
from steadydesk.contracts.views import TimelineEntry
from steadydesk.records.views.request_page import RequestContent

_OUTCOMES = {
    "gate.voted": "decision",
    "gate.closed": "reason",
    "task.closed": "state",
    "step.decided": "action",
    "step.ended": "state",
    "line.closed": "phase",
    "request.closed": "state",
}
"""The fact that says how it ended: each value that has words of its own is told under ``told``."""

_BY_PEOPLE = frozenset(
    {
        "commented",
        "decision.refused",
        "gate.answered",
        "gate.approver-added",
        "gate.asked",
        "gate.voted",
        "line.changed",
        "line.given-back",
        "line.moved",
        "line.recalled",
        "line.rescheduled",
        "request.cancelled",
        "request.opened",
        "step.decided",
        "survey.answered",
        "task.acted",
        "task.answered",
        "task.asked",
        "task.assigned",
        "task.closed",
        "task.started",
        "watchers.changed",
    }
)
"""All else follows by itself from what somebody did, and is nobody's doing."""

_BY_SYSTEMS = (StepKind.CONNECTOR, StepKind.REQUEST)


@dataclass(frozen=True)
class Told:
    """One entry. ``by`` is None where the words name who did it."""

    words: str
    by: str | None
    at: datetime


def talk(content: RequestContent) -> list[TimelineEntry]:
    """What people wrote to each other; the note of the order stands with the order."""
    view = content.view
    noted = ("comment", view.opened_by.id, view.opened_at, view.note)
    said = [entry for entry in content.timeline if entry.kind != "event"]
    return [
        entry
        for entry in said
        if (entry.kind, entry.author.id if entry.author else "", entry.at, entry.text) != noted
    ]


def told(page: Page, content: RequestContent, entries: Iterable[TimelineEntry]) -> list[Told]:
    """What people did and decided, and what came of it, the newest first."""
    idle = _idle_undos(content, entries := list(entries))
    shown = (entry for entry in _newest(entries) if entry.id not in idle)
    return [found for entry in shown if (found := _told(page, content, entry))]


def everything(page: Page, content: RequestContent, entries: Iterable[TimelineEntry]) -> list[Told]:
    """Every step of the process, the newest first."""
    idle = _idle_undos(content, entries := list(entries))
    return [
        Told(_event_words(page, content, entry, idle), _author(page, content, entry), entry.at)
        for entry in _newest(entries)
    ]


def _idle_undos(content: RequestContent, entries: Iterable[TimelineEntry]) -> set[str]:
    """Ids of the entries at which a line was to be taken back, and nothing had been done for it."""
    begun: dict[str, str] = {}
    idle: set[str] = set()
    for entry in entries:
        line = (entry.subject or "").partition("/")[0]
        if entry.event == "undo.begun":
            begun[line] = entry.id
            idle.add(entry.id)
        elif entry.event == "undo.started":
            idle.discard(begun.get(line, ""))
    return idle - {begun.get(line.number) for line in content.process.lines if line.phase is Phase.UNDOING}


def _newest(entries: Iterable[TimelineEntry]) -> Iterator[TimelineEntry]:
    return (entry for entry in reversed(list(entries)) if entry.kind == "event")


def _told(page: Page, content: RequestContent, entry: TimelineEntry) -> Told | None:
    key = _key(page, content, entry)
    if key is None:
        return None
    author = _author(page, content, entry)
    other = entry.facts.get("acting_for")
    sentence = page.words(key, who=author, other=content.names.of(other).name if other else "")
    about = _about(page, content, entry)
    words = f"{sentence} ({about})" if about else sentence
    return Told(words, None if _is_done_by_somebody(entry) else author, entry.at)


def _key(page: Page, content: RequestContent, entry: TimelineEntry) -> str | None:
    """The words for it and its outcome; None for what is only a step on the way."""
    name = entry.event or ""
    if _is_told_otherwise(content, entry):
        return None
    outcome = entry.facts.get(_OUTCOMES[name]) if name in _OUTCOMES else None
    by_itself = name in _BY_PEOPLE and not _is_done_by_somebody(entry)
    found = f"told.{name}" + (f".{outcome}" if outcome else "")
    if by_itself:
        found += ".by_itself"
    elif entry.facts.get("acting_for"):
        found += ".for"
    return found if page.words.has(found) else None


def _is_told_otherwise(content: RequestContent, entry: TimelineEntry) -> bool:
    """A decision's task by the decision, a step by hand by its task, the only line by its request."""
    match entry.event:
        case "task.closed":
            tasks = {task.number: task.phase for task in content.view.tasks}
            return tasks.get(entry.subject or "") == TaskPurpose.DECIDE
        case "step.ended":
            return _kind(content, entry.subject or "") not in _BY_SYSTEMS
        case "line.closed":
            return len(content.view.items) == 1
        case _:
            return False


def _kind(content: RequestContent, subject: str) -> StepKind | None:
    number, _, key = subject.partition("/")
    items = {line.number: content.organisation.catalog.get(line.item) for line in content.process.lines}
    item = items.get(number)
    step = item.plan.steps.get(key) if item else None
    return step.kind if step else None


def _author(page: Page, content: RequestContent, entry: TimelineEntry) -> str:
    if entry.event in _BY_PEOPLE and entry.author is not None:
        return entry.author.name
    return content.names.of(SERVICE_ACTOR).name or page.words("portal.name")


def _is_done_by_somebody(entry: TimelineEntry) -> bool:
    return entry.event in _BY_PEOPLE and entry.author is not None and entry.author.id != SERVICE_ACTOR


def _about(page: Page, content: RequestContent, entry: TimelineEntry) -> str | None:
    """The approval, task or step; the line only where there are several."""
    subject = entry.subject or ""
    label = label_of(content, subject, page.language)
    line = line_names(content.view.items).get(_line_of(content, subject))
    return ", ".join(filter(None, (label, line))) or None


def _line_of(content: RequestContent, subject: str) -> str:
    """The number of the line that an approval, task or step belongs to, or that it is."""
    lines = {approval.id: approval.line for approval in content.view.approvals}
    lines |= {run.number: line.number for line, _, run in content.process.tasks()}
    return lines.get(subject) or subject.partition("/")[0]


def _event_words(page: Page, content: RequestContent, entry: TimelineEntry, idle: Collection[str]) -> str:
    """The kind of step, and which approval, task or step it is about."""
    name = f"{entry.event}.idle" if entry.id in idle else entry.event or ""
    words = page.words.either(f"event.{name}", name.replace("_", " ").replace(".", " ").capitalize())
    about = _about(page, content, entry)
    return f"{words}: {about}" if about else words
