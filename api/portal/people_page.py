"""What joiners, movers and leavers still lack, in the reader's words; their list as its address says it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from api.portal.addresses import changed_address
from api.portal.page import Page
from api.portal.progress import what_of
from steadydesk.contracts.agenda import WaitingKind
from steadydesk.contracts.catalog import PeopleOperation
from steadydesk.contracts.numbers import RecordKind
from steadydesk.contracts.page import cursor, keys_of
from steadydesk.contracts.views import LineView
from steadydesk.errors import InvalidInput, Problem
from steadydesk.records.views.directory_words import DirectoryWords
from steadydesk.records.views.people_operations import Date, Lack, PeopleFilter

PATH = "/people-operations"
_PEOPLE_NAMED = 2


class PeopleAddress(BaseModel):
    """The query of ``/people-operations``."""

    model_config = ConfigDict(frozen=True)

    kind: PeopleOperation | Literal[""] = ""
    which: Literal["open", "closed", "all"] = "open"
    month: str = Field(default="", pattern=r"^([12][0-9]{3}-(0[1-9]|1[0-2]))?$")
    late: bool = False
    after: str = Field(default="", max_length=500)

    def filter(self, zone: ZoneInfo) -> PeopleFilter:
        """``zone`` says when a month begins."""
        begins = datetime.strptime(self.month, "%Y-%m").replace(tzinfo=zone) if self.month else None
        return PeopleFilter(
            kind=PeopleOperation(self.kind) if self.kind else None,
            open={"open": True, "closed": False, "all": None}[self.which],
            late=self.late,
            begins=begins,
            ends=_next_month(begins) if begins else None,
        )

    def place(self) -> Date | None:
        """InvalidInput for an ``after`` that no page gave out."""
        if not self.after:
            return None
        at, number = keys_of(self.after, 2)
        try:
            instant = datetime.fromisoformat(at) if at else None
        except ValueError:
            instant = None
        if at and (instant is None or instant.tzinfo is None):
            raise InvalidInput("no such page", problems=[Problem("/after", "is none of this list", "query")])
        return Date(instant, number)

    def but(self, **changes: Any) -> str:
        """The address with changes, from its first page on; only what is not as usual stands in it."""
        return changed_address(PATH, self, changes)


@dataclass(frozen=True)
class Missing:
    """Something that is waited for: what, from whom, until when; ``link`` where it has a page."""

    label: str
    whom: str
    until: datetime | None
    late: bool
    link: str | None


def missing(page: Page, lacks: Iterable[Lack], names: DirectoryWords) -> list[Missing]:
    """What is late first, then by date."""
    shown = [
        Missing(_label(page, lack), _whom(page, lack, names), lack.until, lack.late, _link(lack))
        for lack in lacks
    ]
    far = datetime.max.replace(tzinfo=page.now.tzinfo)
    return sorted(shown, key=lambda one: (not one.late, one.until or far))


def after(last: LineView) -> str:
    """The ``after`` that goes on behind the line."""
    return cursor(last.effective_at.isoformat() if last.effective_at else "", last.number)


def _label(page: Page, lack: Lack) -> str:
    waiting = lack.waiting
    if lack.record is not None and waiting.kind is WaitingKind.TASK:
        return lack.record.short_description
    return what_of(waiting, page.words)


def _whom(page: Page, lack: Lack, names: DirectoryWords) -> str:
    waiting, found = lack.waiting, lack.record
    if waiting.kind is WaitingKind.REQUESTER:
        return page.words.phrase(waiting.whom)
    if found is not None and found.kind == RecordKind.TASK.value and found.assigned_to is not None:
        return f"{found.assigned_to.name}, {names.group(found.assignment_group)}"
    if found is not None:
        return names.group(found.assignment_group)
    if waiting.people and len(waiting.people) <= _PEOPLE_NAMED:
        return ", ".join(names.of(person).name for person in waiting.people)
    return names.group(waiting.group) if waiting.group else page.words.phrase(waiting.whom)


def _link(lack: Lack) -> str | None:
    if lack.record is None:
        return None
    folder = "tasks" if lack.record.kind == RecordKind.TASK.value else "records"
    return f"/{folder}/{lack.record.number}"


def _next_month(begins: datetime) -> datetime:
    year, month = (begins.year, begins.month + 1) if begins.month < 12 else (begins.year + 1, 1)
    return begins.replace(year=year, month=month)
