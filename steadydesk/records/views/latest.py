"""The processes that somebody sees, from the last change on: a range of an index for each of their subjects, however
many they see.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, TableValuedAlias, column, func, literal, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Boolean

from steadydesk.records.tables.process import sight
from steadydesk.records.views.visibility import Viewer, one_subject_matches


def latest_seen(
    viewer: Viewer,
    kind: str,
    limit: int,
    after: tuple[datetime, str] | None = None,
    *,
    is_open: bool | None = None,
    only_own: Collection[str] = (),
) -> Select[str]:
    """Numbers among which are the ``limit`` latest processes of a kind that the viewer sees, behind ``after``: last
    change and number of the row before. ``only_own``: which the viewer sees by themselves, for one of these reasons.
    """
    subjects = [f"p:{viewer.person}"] if only_own else [*viewer.own, *viewer.delegated]
    asked = _rows(subject=subjects, own=[subject in viewer.own for subject in subjects])
    either = _rows(open=[True, False] if is_open is None else [is_open])
    conditions = [
        one_subject_matches(viewer, asked.c.subject, asked.c.own),
        sight.c.open == either.c.open,
        sight.c.number.startswith(kind),
    ]
    if only_own:
        conditions.append(sight.c.why.in_(only_own))
    if after is not None:
        # A row of two is compared, because the index can begin to read there.
        position = tuple_(sight.c.changed_at, sight.c.number)
        conditions.append(position < tuple_(literal(after[0]), literal(after[1])))
    newest_first = (sight.c.changed_at.desc(), sight.c.number.desc())
    found = select(sight.c.changed_at, sight.c.number).distinct().where(*conditions)
    page = found.order_by(*newest_first).limit(limit).lateral("page")
    return select(page.c.number).select_from(asked).join(either, true()).join(page, true())


def _rows(**columns: list[Any]) -> TableValuedAlias:
    """These values as rows; what is no column of the table sight is a flag."""
    types = {name: sight.c[name].type if name in sight.c else Boolean() for name in columns}
    values = [literal(given, ARRAY(types[name])) for name, given in columns.items()]
    named = [column(name, types[name]) for name in columns]
    return func.unnest(*values).table_valued(*named).render_derived()
