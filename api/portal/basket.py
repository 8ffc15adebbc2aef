"""The basket: what its owner has filled in and not ordered yet. The cookie holds references; the values stay here,
and are given to nobody else.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request
from pydantic import ValidationError

from api.ordering import ItemOrder
from api.portal.page import Page
from api.portal.session import visit_of
from api.session_cookie import set_cookie
from steadydesk.errors import InvalidInput
from steadydesk.records import basket
from steadydesk.records.engine import Connection

COOKIE = "steadydesk-basket"
MOST = 20
_A_DAY = 86_400
_REFERENCES = re.compile(rf"t_[0-9a-f]{{20}}(\.t_[0-9a-f]{{20}}){{0,{MOST - 1}}}")


@dataclass(frozen=True)
class Chosen:
    ref: str
    order: ItemOrder


def references(request: Request) -> list[str]:
    """What the browser says is in its basket, in the order in which it came there."""
    stated = request.cookies.get(COOKIE, "")
    return list(dict.fromkeys(stated.split("."))) if _REFERENCES.fullmatch(stated) else []


def keep(page: Page, refs: Sequence[str]) -> None:
    """These references are in the basket from now on."""
    seconds = _A_DAY if refs else 0
    cookie = set_cookie(page.services.settings, COOKIE, ".".join(refs), seconds=seconds)
    visit_of(page.request).cookies.append(cookie)


async def put(
    page: Page, connection: Connection, key: str, order: ItemOrder, replaced: str | None = None
) -> None:
    """Into the basket, or in place of what is there; InvalidInput when it is full."""
    refs = references(page.request)
    if len(refs) >= MOST and replaced not in refs:
        raise InvalidInput(f"at most {MOST} items go into one order; send these first")
    ref = await basket.put(connection, page.caller.id, key, order.model_dump(mode="json"), page.now)
    if replaced in refs:
        refs[refs.index(replaced)] = ref
    keep(page, list(dict.fromkeys([*refs, ref])))


async def chosen(page: Page, connection: Connection, refs: Sequence[str]) -> list[Chosen]:
    """What these references are to the reader; those of others, and what was swept, are left out."""
    found = await basket.chosen_by(connection, page.caller.id, refs)
    entries: list[Chosen] = []
    for ref in refs:
        try:
            entries.append(Chosen(ref, ItemOrder.model_validate(found[ref])))
        except (KeyError, ValidationError):
            continue
    return entries
