"""Who answers for a grant beside its holder: whoever ordered it, and since they left whoever acts for them."""

from activities.work import Work
from steadydesk.contracts.grant import GrantProcess
from steadydesk.policies.rights import Relation
from steadydesk.records.directory_approvers import staying_above
from steadydesk.records.directory_facts import has_left, leavers
from steadydesk.records.sights import let_see
from steadydesk.records.silence import kept_from


def people_of(grant: GrantProcess) -> list[str]:
    """The audience of its news."""
    return sorted({f"p:{grant.holder}", *grant.acting()})


def answering(grant: GrantProcess) -> set[str]:
    """The people among those who act for its requester."""
    return {one.removeprefix("p:") for one in grant.acting() if one.startswith("p:")}


async def show_to_requester(work: Work[GrantProcess]) -> None:
    """As the grant begins; its request may have ended before who ordered it left, and never have heard of that."""
    for one in work.process.acting():
        work.show_to(one, Relation.REQUESTER)
    for person in sorted(await leavers(work.connection, answering(work.process))):
        await requester_left(work, person)


async def requester_left(work: Work[GrantProcess], person: str) -> None:
    """What they ordered for somebody else goes to their manager, of a restricted grant to its groups, and where nobody
    may be told to those who look after leavers. What they held themselves is taken back anyway.
    """
    grant = work.process
    own = grant.goes_with(person) and person == grant.opened_by and not grant.in_their_place
    if grant.closed_at is not None or own or person not in answering(grant):
        return
    if not await has_left(work.connection, person):
        return
    groups = grant.restricted_to or [work.organisation.organisation.leavers_group]
    audience = [f"g:{group}" for group in groups]
    if not grant.restricted_to:
        work.show_to(audience[0], Relation.PROCESS_OWNER)
    managers = [] if grant.restricted_to else await _managers(work, person)
    grant.in_their_place = managers or audience
    for one in grant.in_their_place:
        work.show_to(one, Relation.REQUESTER)
        # The order is where its end is moved, and may have ended long ago.
        await let_see(work.connection, one, grant.request, Relation.REQUESTER, None)
    work.note("requester.left", grant.number, groups=groups)
    work.tell("person.left", [*audience, *managers], grant.number)


async def _managers(work: Work[GrantProcess], person: str) -> list[str]:
    """The nearest who is there, unless the order is silent about them; what a grant that begins shows to whom is not
    written yet.
    """
    above = await staying_above(work.connection, person, work.at)
    unknowing = await kept_from(work.connection, work.process.request, above, work.at)
    return [f"p:{one}" for one in above if one not in unknowing][:1]
