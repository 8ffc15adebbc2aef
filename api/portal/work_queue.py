"""A queue of tasks as its address says it: filters, order and place; the same address with a change."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.portal.addresses import changed_address
from api.portal.page import Page
from steadydesk.contracts.base import Key
from steadydesk.contracts.page import cursor, keys_of
from steadydesk.contracts.request import TaskState
from steadydesk.contracts.views import RecordView
from steadydesk.errors import InvalidInput, Problem
from steadydesk.records.views.task_queues import CLOSED, Order, Place, Queue, Whose

PATH = "/tasks"
PER_PAGE = 50
ON_BOARD = 150
"""Cards on a board: of a longer queue the first ones, as its order has them."""

OPEN_STATES = (TaskState.OPEN.value, TaskState.WORK_IN_PROGRESS.value, TaskState.PENDING.value)
_OWNED = "f:"


class QueueAddress(BaseModel):
    """The query of ``/tasks``."""

    model_config = ConfigDict(frozen=True)

    whose: Whose = Whose.ALL
    group: Key | Literal[""] = ""
    state: Literal["", "open", "work_in_progress", "pending", "closed"] = ""
    late: bool = False
    sort: Order = Order.DUE
    view: Literal["table", "board"] = "table"
    after: str = Field(default="", max_length=500)

    def queue(self, page: Page) -> Queue:
        """What it asks for. What is closed has no urgency: it comes as it was closed."""
        return Queue(
            groups=groups_of(page),
            functions=functions_of(page),
            whose=self.whose,
            group=self.group or None,
            state=self.state or None,
            late=self.late,
            order=Order.CHANGED if self.state == CLOSED else self.sort,
        )

    def place(self) -> Place | None:
        """InvalidInput for an ``after`` that no page gave out."""
        if not self.after:
            return None
        priority, at, number = keys_of(self.after, 3)
        try:
            instant = datetime.fromisoformat(at) if at else None
            if instant is None or instant.tzinfo is not None:
                return Place(int(priority), instant, number)
        except ValueError:
            pass
        raise InvalidInput("no such page", problems=[Problem("/after", "is none of this list", "query")])

    def but(self, path: str = PATH, **changes: Any) -> str:
        """The address with changes, from its first page on; only what is not as usual stands in it."""
        return changed_address(path, self, changes)


def groups_of(page: Page) -> tuple[str, ...]:
    return tuple(sorted(page.caller.standing.groups))


def functions_of(page: Page) -> tuple[str, ...]:
    """Functions whose processes the reader owns."""
    own = page.viewer.own
    return tuple(subject.removeprefix(_OWNED) for subject in own if subject.startswith(_OWNED))


def after(queue: Queue, last: RecordView) -> str:
    """The ``after`` that goes on behind the task."""
    place = Place.of(queue, last)
    return cursor(str(place.priority), place.at.isoformat() if place.at else "", place.number)
