"""Which rows of sight the rules do not give: those of somebody outside of a restricted record. Pure."""

from collections.abc import Collection
from typing import NamedTuple

from steadydesk.contracts.grant import GrantProcess
from steadydesk.contracts.request import RequestProcess
from steadydesk.policies.rights import Relation


class Given(NamedTuple):
    """A row that holds now: ``subject`` as in the table sight, ``why`` a value of Relation."""

    subject: str
    why: str


def taken_back(
    process: RequestProcess | GrantProcess, rows: Collection[Given], task_groups: Collection[str]
) -> list[Given]:
    """Those rows that a restricted record gives to nobody any more; none of another one. ``task_groups`` are the groups
    that its tasks went to. Whom it is for, who decides and who broke the glass stand as they are.
    """
    if not process.restricted_to:
        return []
    named = {f"g:{key}" for key in process.restricted_to}
    watchers = process.watchers if isinstance(process, RequestProcess) else []
    allowed = {
        Relation.REQUESTER: named | {f"p:{process.opened_by}"},
        Relation.WATCHER: {f"p:{person}" for person in watchers},
        Relation.FULFILMENT_GROUP: {f"g:{key}" for key in task_groups},
        Relation.PROCESS_OWNER: set[str](),
        Relation.RESTRICTED_GROUP: named,
    }
    return sorted(
        row for row in rows if (why := Relation(row.why)) in allowed and row.subject not in allowed[why]
    )
