"""What pickers offer while somebody types: people, groups, items of the catalogue, services; at most ten."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.portal.item_page import orderable
from api.portal.page import OrdererPage, ReaderPage
from steadydesk.contracts.base import Contract
from steadydesk.contracts.language import in_language
from steadydesk.policies.entitlement import known_services
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


@router.get("/configuration-items")
async def suggested_configuration_items(page: ReaderPage, q: Typed = "") -> list[Suggestion]:
    """Services that the reader may know of, by name and key; without text, the first of them. What else is typed is as
    good: nothing is registered yet that it could be checked against.
    """
    async with autocommit(page.services.engine).connect() as connection:
        _, resolved = await in_force(connection)
    wanted = q.strip().casefold()
    known = known_services(resolved.organisation, page.caller.standing.groups)
    named = [(in_language(service.label, page.language), key) for key, service in known.items()]
    fits = [one for one in named if any(wanted in each.casefold() for each in one)]
    fits.sort(key=lambda one: (min(_rank(each, wanted)[0] for each in one), one))
    return [Suggestion(value=name, label=name, hint=key) for name, key in fits[:MOST]]


def _rank(name: str, wanted: str) -> tuple[bool, str]:
    return not name.casefold().startswith(wanted), name
