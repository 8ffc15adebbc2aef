"""The form of a delegation, for oneself or for somebody who is absent: whole days, the last one included."""

from api import commands
from api.portal.days import span_of
from api.portal.forms import Posted
from api.portal.page import Page
from api.portal.people_typed import person_typed
from steadydesk.contracts.delegation import NewDelegation
from steadydesk.contracts.language import in_language
from steadydesk.contracts.organisation import Organisation
from steadydesk.errors import InvalidInput, Problem


async def delegation_in(page: Page, posted: Posted, delegator: str) -> NewDelegation:
    """What the form says; InvalidInput at its fields."""
    begins, ends = span_of(page, posted, "begins", "ends")
    named = await person_typed(page, posted.text("delegate"), "/delegate")
    async with page.services.engine.connect() as connection:
        deputy = await commands.person_named(connection, named or "", delegator, "/delegate")
    if deputy == delegator:
        words = page.words("profile.not_themselves")
        raise InvalidInput(words, problems=[Problem("/delegate", words)])
    return posted.into(
        NewDelegation,
        ("reason",),
        delegator=delegator,
        delegate=deputy,
        policies=posted.all("policies") or None,
        begins_at=begins,
        ends_at=ends,
    )


def policy_labels(page: Page, organisation: Organisation) -> dict[str, str]:
    """What each approval policy is called, by its key."""
    return {
        key: in_language(policy.label, page.language)
        for key, policy in organisation.approval_policies.items()
    }
