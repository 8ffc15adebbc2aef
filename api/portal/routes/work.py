"""The work of one's groups: queues as table, board and file, and the next task with one press."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from api.actions import Action
from api.portal.forms import Form, Posted, attempt
from api.portal.guard import pages
from api.portal.page import Page, WorkerPage
from api.portal.sheet import sheet
from api.portal.states import state_words
from api.portal.work_queue import ON_BOARD, OPEN_STATES, PER_PAGE, QueueAddress, after, groups_of
from api.routes import tasks
from api.routes.tasks import Assignment
from steadydesk.errors import Refusal, SameKeyOtherBody, StaleVersion
from steadydesk.records.views.task_queues import (
    CLOSED,
    Order,
    Queue,
    QueueContent,
    QueuedTask,
    Whose,
    most_urgent,
    queue_content,
)

router = pages()

IN_FILE = 5_000
"""Rows of a file; a longer queue is cut there, and the last row says so."""

_TRIES = 8
_HEADS = ("number", "what", "about", "request", "for", "group", "who", "priority", "state", "due", "opened")
_Address = Annotated[QueueAddress, Query()]


@router.get("/tasks")
async def show_queue(page: WorkerPage, at: _Address) -> Response:
    queue = at.queue(page)
    limit = ON_BOARD if at.view == "board" else PER_PAGE
    content = await _content(page, queue, limit + 1, at)
    shown, more = content.tasks[:limit], len(content.tasks) > limit
    return await page.show(
        f"work/{at.view}",
        at=at,
        tasks=shown,
        names=content.names,
        lanes=_lanes(content, shown),
        states=_columns(at, shown),
        limit=limit,
        whose_tabs=[(at.but(whose=each.value), page.words(f"work.{each.value}")) for each in Whose],
        view_tabs=[(at.but(view=each), page.words(f"work.{each}")) for each in ("table", "board")],
        here=at.but(),
        groups=_groups(page, at, content),
        state_options=[*((each, page.words(f"state.{each}")) for each in OPEN_STATES),
                       (CLOSED, page.words("work.closed"))],
        sort_options=[(each.value, page.words(f"work.by_{each.value}")) for each in Order],
        sheet=at.but("/tasks.csv", view="table"),
        first=at.but() if at.after else None,
        next=_next(at, queue, shown) if more else None,
    )  # fmt: skip


@router.get("/tasks.csv")
async def download(page: WorkerPage, at: _Address) -> Response:
    """The whole queue that the page shows a part of, in its order."""
    queue = at.queue(page)
    content = await _content(page, queue, IN_FILE + 1, at)
    note = page.words("work.cut", count=IN_FILE) if len(content.tasks) > IN_FILE else None
    heads = [page.words(f"work.{head}") for head in _HEADS]
    return sheet("tasks", heads, (_cells(page, content, one) for one in content.tasks[:IN_FILE]), note)


@router.post("/tasks/next")
async def take_next(page: WorkerPage, posted: Form) -> Response:
    """Take the most urgent task of the queue that nobody has yet; where somebody else is faster, the one after it."""
    wanted = posted.into(QueueAddress, ("whose", "group", "sort", "view"))
    queue = Queue(groups_of(page), group=wanted.group or None)
    tried: frozenset[str] = frozenset()
    for count in range(_TRIES):
        async with page.services.engine.connect() as connection:
            found = await most_urgent(connection, page.viewer, queue, tried)
        if found is None:
            return page.back_to(wanted.but(), "task_none")
        number, version = found
        refusal = await _take(page, posted, number, version, count)
        if refusal is None:
            return page.back_to(f"/tasks/{number}", "task_assign")
        if isinstance(refusal, SameKeyOtherBody):
            return page.back_to(wanted.but(whose=Whose.MINE.value))
        if not isinstance(refusal, StaleVersion):
            tried |= {number}
    return page.back_to(wanted.but(), "task_busy")


async def _take(page: Page, posted: Posted, number: str, version: int, count: int) -> Refusal | None:
    """Assign it to the reader, in just that version: who comes second is refused. A form that is sent twice gets
    to the same keys, and takes no second task.
    """
    key = f"{posted.key}:{count}" if posted.key else None
    act = Action(page.caller, page.services, Response(), key, version)
    failed = await attempt("take", posted, tasks.assign(number, Assignment(), act))
    return failed.refusal if failed else None


async def _content(page: Page, queue: Queue, limit: int, at: QueueAddress) -> QueueContent:
    async with page.services.engine.connect() as connection:
        return await queue_content(connection, page.viewer, queue, limit, at.place())


def _columns(at: QueueAddress, shown: list[QueuedTask]) -> list[str]:
    """The states of the board."""
    if at.state == CLOSED:
        return sorted({one.view.state for one in shown})
    return [at.state] if at.state else list(OPEN_STATES)


def _lanes(content: QueueContent, shown: list[QueuedTask]) -> list[tuple[str, dict[str, list[QueuedTask]]]]:
    """Label of each group with its tasks by state, by label."""
    lanes: dict[str, dict[str, list[QueuedTask]]] = {}
    for one in shown:
        lane = lanes.setdefault(content.names.group(one.view.assignment_group), {})
        lane.setdefault(one.view.state, []).append(one)
    return sorted(lanes.items())


def _groups(page: Page, at: QueueAddress, content: QueueContent) -> list[tuple[str, str]]:
    """Key and label of the groups to choose from: the reader's, and those of what is shown."""
    keys = {*groups_of(page), *(one.view.assignment_group or "" for one in content.tasks), at.group} - {""}
    return sorted(((key, content.names.group(key)) for key in keys), key=lambda pair: pair[1].casefold())


def _next(at: QueueAddress, queue: Queue, shown: list[QueuedTask]) -> str:
    address = at.but()
    return f"{address}{'&' if '?' in address else '?'}after={after(queue, shown[-1].view)}"


def _cells(page: Page, content: QueueContent, one: QueuedTask) -> list[str]:
    view, zone = one.view, page.formats.zone
    due, opened = (
        instant.astimezone(zone).isoformat(timespec="minutes") if instant else ""
        for instant in (view.due_at, view.opened_at)
    )
    return [
        view.number,
        view.short_description,
        one.about,
        view.owner,
        view.caller.name,
        content.names.group(view.assignment_group),
        view.assigned_to.name if view.assigned_to else "",
        page.words(f"work.priority_{view.priority}"),
        state_words(view, page.words),
        due,
        opened,
    ]
