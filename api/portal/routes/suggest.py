"""What pickers offer while somebody types: people, groups, items of the catalogue; at most ten."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.portal.item_page import orderable
from api.portal.page import OrdererPage, ReaderPage
from steadydesk.contracts.base import Contract
from steadydesk.contracts.language import in_language
from steadydesk.records.engine import autocommit
from steadydesk.records.organisation import in_force
from steadydesk.records.views.pickers import MOST, suggest_groups, suggest_people

router = APIRouter(prefix="/suggest", include_in_schema=False)

Typed = Annotated[str, Query(max_length=100)]


class Suggestion(Contract):
    """``value`` goes into the field; ``label`` and ``hint`` say what it is."""

    value: str
    label: str
    hint: str = ""


@router.get("/people")
async def suggested_people(page: ReaderPage, q: Typed = "") -> list[Suggestion]:
    """By name and user name. Everybody here may know who else is here."""
    text = q.strip()
    if not text:
        return []
    async with autocommit(page.services.engine).connect() as connection:
        found = await suggest_people(connection, text)
    return [
        Suggestion(value=one.user_name or one.id, label=one.name, hint=one.user_name or "") for one in found
    ]


@router.get("/groups")
async def suggested_groups(page: ReaderPage, q: Typed = "") -> list[Suggestion]:
    """By label and key; without text, the first of them."""
    async with autocommit(page.services.engine).connect() as connection:
        found = await suggest_groups(connection, q.strip())
    return [Suggestion(value=key, label=label, hint=key) for key, label in found]


@router.get("/items")
async def suggested_items(page: OrdererPage, q: Typed = "") -> list[Suggestion]:
    """What the reader may order, by name."""
    async with autocommit(page.services.engine).connect() as connection:
        _, resolved = await in_force(connection)
        offered = await orderable(connection, page.caller, resolved)
    wanted = q.strip().casefold()
    names = [in_language(item.name, page.language) for item in offered.values()]
    fits = sorted((name for name in names if wanted in name.casefold()), key=lambda name: _rank(name, wanted))
    return [Suggestion(value=name, label=name) for name in fits[:MOST]]


def _rank(name: str, wanted: str) -> tuple[bool, str]:
    return not name.casefold().startswith(wanted), name
