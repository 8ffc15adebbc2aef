"""A whole request as its page shows it, in two statements: everything of the process, and the names in it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import ScalarSelect
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.form import FieldKind
from steadydesk.contracts.language import in_language
from steadydesk.contracts.numbers import RecordKind, kind_of
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.request import RequestProcess
from steadydesk.contracts.views import (
    ApprovalView,
    LineView,
    RecordView,
    RequestView,
    TimelineEntry,
)
from steadydesk.policies.form import references
from steadydesk.policies.rights import Verb, may
from steadydesk.records import configuration
from steadydesk.records.attachments import AttachmentView
from steadydesk.records.grants import GrantView
from steadydesk.records.views.asked_people import approver_view
from steadydesk.records.views.directory_words import DirectoryWords, directory_words
from steadydesk.records.views.feedback import OwnFeedback, keys_in
from steadydesk.records.views.json_rows import record_fields
from steadydesk.records.views.links import FOLLOWS, without
from steadydesk.records.views.request_parts import whole_request
from steadydesk.records.views.requests import open_answers
from steadydesk.records.views.task_outputs import Entered, entered
from steadydesk.records.views.visibility import Viewer

_Facts = Mapping[str, Any]


@dataclass(frozen=True)
class RequestContent:
    """``view`` is what the API shows; the rest is what its page needs beside it."""

    view: RequestView
    process: RequestProcess
    organisation: Organisation
    names: DirectoryWords
    attachments: list[AttachmentView] = field(default_factory=list[AttachmentView])
    timeline: list[TimelineEntry] = field(default_factory=list[TimelineEntry])
    grants: list[GrantView] = field(default_factory=list[GrantView])
    feedback: list[OwnFeedback] = field(default_factory=list[OwnFeedback])
    words: Mapping[str, str] = field(default_factory=dict[str, str])
    """What voters wrote, by gate and voter (``REQ…-G1:p_…``), and the questions, by reference."""
    entered: Mapping[str, Entered] = field(default_factory=dict[str, Entered])
    """What people entered when they completed tasks, by the task's number."""
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What ``also`` asked for."""

    def zone_of(self, line: str) -> ZoneInfo:
        """In which the days begin that the answers of a line name."""
        item = self.organisation.catalog.get(self.process.line(line).item)
        return ZoneInfo(self.organisation.calendars[item.calendar].zone if item else "UTC")


async def request_content(
    connection: AsyncConnection,
    viewer: Viewer,
    number: str,
    also: Mapping[str, ScalarSelect[Any]] | None = None,
) -> RequestContent | None:
    """The request as the viewer may see it, or None; ``also`` is read by the same statement."""
    if kind_of(number) is not RecordKind.REQUEST:
        return None
    row = (await connection.execute(whole_request(viewer, number, also or {}))).one_or_none()
    if row is None or not row.relations:
        return None
    facts: _Facts = row._asdict()
    document = RequestProcess.model_validate(facts["document"])
    organisation = (await configuration.get(connection, document.configuration)).organisation
    given = list(entered(document, organisation, facts["answers"]))
    named = [*_named(facts, document, organisation), *_named_in_outputs(given)]
    names = await _names(connection, facts, document, named)
    return RequestContent(
        view=_view(facts, document, organisation, names, viewer.language),
        process=document,
        organisation=organisation,
        names=names,
        attachments=[AttachmentView(**{**one, "author": names.of(one["author"])}) for one in facts["files"]],
        timeline=_timeline(facts, names),
        grants=[_grant(one, names, viewer.language) for one in facts["grants"]],
        feedback=[OwnFeedback.of(one, names) for one in facts["feedback"]],
        words={f"{one['gate']}:{one['voter']}": one["said"] for one in facts["votes"] if one["said"]},
        entered={one.number: one for one in given},
        more={name: facts[name] for name in also or {}},
    )


async def _names(
    connection: AsyncConnection,
    facts: _Facts,
    document: RequestProcess,
    named: Sequence[tuple[FieldKind, str]],
) -> DirectoryWords:
    return await directory_words(
        connection,
        _people(facts, document),
        [*_groups(facts, document), *(key for kind, key in named if kind is FieldKind.GROUP)],
        [user_name for kind, user_name in named if kind is FieldKind.PERSON],
    )


def _people(facts: _Facts, document: RequestProcess) -> Iterable[str | None]:
    for one in facts["records"]:
        yield from (one["opened_by"], one["caller"], one["assigned_to"])
        yield from (person for each in one["waiting"] or [] for person in each.get("people", ()))
    yield from (one["person"] for one in facts["approvers"])
    yield from (one["voter"] for one in facts["votes"])
    yield from (one["author"] for one in (*facts["files"], *facts["said"]))
    yield from (one["actor"] for one in facts["events"])
    yield from (one["holder"] for one in facts["grants"])
    yield from (key for one in facts["feedback"] for key in keys_in(one["answers"], "p:"))
    yield from document.watchers
    yield from (one.asked.requested_for for one in document.gates.values() if one.asked)


def _groups(facts: _Facts, document: RequestProcess) -> Iterable[str | None]:
    yield from (one["assignment_group"] for one in facts["records"])
    yield from (each.get("group") for one in facts["records"] for each in one["waiting"] or [])
    yield from (key for one in facts["feedback"] for key in keys_in(one["answers"], "g:"))
    yield from (placed.run.group for placed in document.tasks())
    yield from (one["capacity"].rpartition(":")[2] for one in facts["approvers"])


def _named(
    facts: _Facts, document: RequestProcess, organisation: Organisation
) -> Iterator[tuple[FieldKind, str]]:
    """Whom and what the answers name, the sensitive ones too: who may read those reads them by their names."""
    for line in document.lines:
        item, answers = organisation.catalog.get(line.item), facts["answers"].get(line.variables.ref)
        if item is not None and isinstance(answers, dict):
            given = cast("dict[str, Any]", answers)
            yield from ((kind, name) for _, kind, name in references(item.form, given))


def _named_in_outputs(given: Iterable[Entered]) -> Iterator[tuple[FieldKind, str]]:
    for one in given:
        yield from ((kind, name) for _, kind, name in references(one.form, one.outputs))


def _view(
    facts: _Facts,
    document: RequestProcess,
    organisation: Organisation,
    names: DirectoryWords,
    language: str,
) -> RequestView:
    answers: dict[str, Any] = facts["answers"]
    shown = {one["number"]: record_fields(one, names, language) for one in facts["records"]}
    kinds = {one["number"]: one["kind"] for one in facts["records"]}
    progress = {one["number"]: one["progress"] for one in facts["records"]}
    lines = {line.number: line for line in document.lines}
    return RequestView(
        **shown[document.number],
        note=answers.get(document.note.ref) if document.note else None,
        items=[
            LineView(
                **shown[number],
                progress=progress[number],
                variables=open_answers(
                    organisation, line.item, answers.get(line.variables.ref), line.effective_at
                ),
            )
            for number, line in lines.items()
            if number in shown
        ],
        tasks=[RecordView(**shown[key]) for key, kind in kinds.items() if kind == RecordKind.TASK.value],
        approvals=[_approval(one, facts["approvers"], names, language) for one in facts["gates"]],
        relations=sorted(facts["relations"]),
        follows=facts["follows"],
        followed_by=facts["followed_by"],
    )


def _approval(one: _Facts, asked: Iterable[_Facts], names: DirectoryWords, language: str) -> ApprovalView:
    values = {name: one[name] for name in ApprovalView.model_fields if name in one}
    return ApprovalView(
        **{
            **values,
            "number": one["owner"],
            "label": in_language(one["label"], language),
            "changed": one["changed"] or [],
            "approvers": [approver_view(each, names) for each in asked if each["gate"] == one["id"]],
        }
    )


def _grant(one: _Facts, names: DirectoryWords, language: str) -> GrantView:
    values = {name: one[name] for name in GrantView.model_fields if name in one}
    return GrantView(
        **{
            **values,
            "holder": names.of(one["holder"]),
            "entitlement": in_language(one["entitlement"], language),
            "approved_by": [names.of(each["voter"]) for each in one["approved_by"]],
        }
    )


def _timeline(facts: _Facts, names: DirectoryWords) -> list[TimelineEntry]:
    kinds = ["comment", "question", "answer"]
    if may(Verb.WORK_NOTE, facts["relations"]):
        kinds.append("work_note")
    hidden = {one["facts"].get(FOLLOWS) for one in facts["events"]} - {facts["follows"]}
    events = [
        TimelineEntry(
            id=str(one["position"]),
            at=one["at"],
            kind="event",
            event=one["event"],
            subject=one["subject"],
            author=names.of(one["actor"]),
            facts=without(one["facts"], hidden),
        )
        for one in facts["events"]
    ]
    words = [
        TimelineEntry(
            id=f"j{one['id']}",
            at=one["at"],
            kind=one["kind"],
            subject=one["subject"],
            author=names.of(one["author"]),
            text=one["body"] if isinstance(one["body"], str) else None,
        )
        for one in facts["said"]
        if one["kind"] in kinds
    ]
    return sorted([*events, *words], key=lambda entry: (entry.at, entry.kind != "event"))
