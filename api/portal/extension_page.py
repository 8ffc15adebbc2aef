"""What the reader of a request may ask to have longer, and why not."""

from dataclasses import dataclass
from datetime import date

from api.extending import Held, why_not_longer
from api.portal.page import Page
from steadydesk.errors import Refusal
from steadydesk.policies.written_date import until_day
from steadydesk.records.engine import autocommit
from steadydesk.records.grants import GrantView
from steadydesk.records.organisation import in_force
from steadydesk.records.views.request_page import RequestContent


@dataclass(frozen=True)
class Extendable:
    """The present last day of each grant that can be extended, by its number; ``refusal`` is why another one cannot."""

    ends: dict[str, date]
    refusal: Refusal | None = None


def lasting(content: RequestContent) -> dict[str, GrantView]:
    """The active grants that have an end, by number."""
    return {
        grant.number: grant
        for grant in content.grants
        if grant.state == "active" and grant.expires_at is not None
    }


async def extendable(page: Page, content: RequestContent) -> Extendable:
    """Of the lasting ones those whose item can still be ordered."""
    grants = lasting(content)
    if not grants:
        return Extendable({})
    found, refusal = dict[str, date](), None
    async with autocommit(page.services.engine).connect() as connection:
        _, resolved = await in_force(connection)
        for number, grant in grants.items():
            held = Held(
                content.process.line(grant.line).item, grant.holder.id, content.process.parent is not None
            )
            if why := await why_not_longer(connection, page.caller, resolved.organisation, held):
                refusal = why
            elif grant.expires_at is not None:
                found[number] = until_day(grant.expires_at, content.zone_of(grant.line))
    return Extendable(found, refusal)
