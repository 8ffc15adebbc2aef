"""The basket: what its owner has filled in and not ordered yet. The cookie holds references, signed for its owner; the
values stay here, and are given to nobody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from api.ordering import ItemOrder
from api.portal.page import Page
from api.portal.session import visit_of
from api.session_cookie import set_cookie
from steadydesk.errors import InvalidInput
from steadydesk.policies.signed_text import Purpose, sign_text, text_in
from steadydesk.records import basket
from steadydesk.records.engine import Connection

COOKIE = "steadydesk-basket"
MOST = 20
_A_DAY = 86_400
_FOLLOWS = "follows"


@dataclass(frozen=True)
class Chosen:
    ref: str
    order: ItemOrder
    follows: str | None = None
    """The closed request that it takes up."""


def references(page: Page) -> list[str]:
    """What is in the reader's basket, in the order in which it came there; nothing where the cookie is not ours, or
    another's who used this browser before.
    """
    owner, _, refs = (_stated(page) or "").partition(" ")
    return refs.split() if owner == page.caller.id else []


def is_lost(page: Page) -> bool:
    """Whether the browser has a basket that we did not make, or that somebody changed."""
    return bool(page.request.cookies.get(COOKIE)) and _stated(page) is None


def keep(page: Page, refs: Sequence[str]) -> None:
    """These references are in the basket from now on."""
    content = " ".join((page.caller.id, *refs))
    signed = sign_text(page.services.keyring, Purpose.BASKET, content) if refs else ""
    cookie = set_cookie(page.services.settings, COOKIE, signed, seconds=_A_DAY if refs else 0)
    visit_of(page.request).cookies.append(cookie)


async def put(
    page: Page,
    connection: Connection,
    key: str,
    order: ItemOrder,
    follows: str | None = None,
    replaced: str | None = None,
) -> None:
    """Into the basket, or in place of what is there; InvalidInput when it is full."""
    refs = references(page)
    if len(refs) >= MOST and replaced not in refs:
        raise InvalidInput(f"at most {MOST} items go into one order; send these first")
    kept = order.model_dump(mode="json") | ({_FOLLOWS: follows} if follows else {})
    ref = await basket.put(connection, page.caller.id, key, kept, page.now)
    if replaced in refs:
        refs[refs.index(replaced)] = ref
    keep(page, list(dict.fromkeys([*refs, ref])))


async def chosen(page: Page, connection: Connection, refs: Sequence[str]) -> list[Chosen]:
    """What these references are to the reader; those of others, and what was swept, are left out."""
    found = await basket.chosen_by(connection, page.caller.id, refs)
    entries: list[Chosen] = []
    for ref in refs:
        try:
            kept = dict(found[ref])
            follows = kept.pop(_FOLLOWS, None)
            entries.append(Chosen(ref, ItemOrder.model_validate(kept), follows))
        except (KeyError, ValidationError):
            continue
    return entries


def _stated(page: Page) -> str | None:
    return text_in(page.services.keyring, Purpose.BASKET, page.request.cookies.get(COOKIE, ""))
