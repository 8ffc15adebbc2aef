"""Who decides for somebody who is absent: named by their manager or an administrator."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Path
from fastapi.responses import Response

from api.portal.days import span_of, today
from api.portal.delegation_form import delegation_in, policy_labels
from api.portal.forms import Form, FormState, Posted, attempt
from api.portal.guard import pages
from api.portal.page import AccountPage, Page
from api.portal.typed_form import shows_again
from api.routes import delegations, people
from steadydesk.contracts.base import PersonId
from steadydesk.contracts.delegation import NewAbsence, NewDelegation
from steadydesk.errors import InvalidInput, NotAllowed, Problem, UnknownRecord
from steadydesk.policies.delegation import away_during, may_answer_for
from steadydesk.records.organisation import in_force
from steadydesk.records.views.absences import Away, away
from steadydesk.records.views.account import own_delegations

router = pages()

HERE = "/people/{person}/delegations"
Person = Annotated[PersonId, Path()]
_DAY = timedelta(days=1)


@router.get(HERE)
async def show_person(person: Person, page: AccountPage) -> Response:
    if person == page.caller.id:
        return page.back_to("/profile/delegations")
    return await _person_page(page, person)


@router.post(HERE)
@shows_again
async def delegate(person: Person, page: AccountPage, posted: Form) -> Response:
    """Both people are told who did it."""

    async def send() -> None:
        new = await delegation_in(page, posted, person)
        new = await _while_away(page, new)
        await delegations.delegate(page.request, new, page.caller)

    return await _after(page, person, "delegation", "delegated", posted, send())


@router.post(HERE + "/{delegation}/end")
async def end_delegation(person: Person, delegation: str, page: AccountPage, posted: Form) -> Response:
    ending = delegations.end_delegation(page.request, delegation, page.caller)
    return await _after(page, person, "end", "delegation_ended", posted, ending)


@router.post("/people/{person}/absences")
@shows_again
async def add_absence(person: Person, page: AccountPage, posted: Form) -> Response:
    async def send() -> None:
        begins, ends = span_of(page, posted, "away_from", "away_until")
        new = NewAbsence(begins_at=begins, ends_at=ends)
        await people.add_absence(page.request, person, new, page.caller)

    return await _after(page, person, "absence", "absence", posted, send())


@router.post("/people/{person}/absences/{absence}/end")
async def remove_absence(person: Person, absence: str, page: AccountPage, posted: Form) -> Response:
    removing = people.remove_absence(page.request, person, absence, page.caller)
    return await _after(page, person, "end", "absence_removed", posted, removing)


async def _after(
    page: Page, person: str, form: str, done: str, posted: Posted, sending: Awaitable[Any]
) -> Response:
    failed = await attempt(form, posted, sending)
    if failed is None:
        return page.back_to(HERE.format(person=person), done)
    return await _person_page(page, person, failed)


async def _person_page(page: Page, person: str, failed: FormState | None = None) -> Response:
    async with page.services.engine.connect() as connection:
        whom = _answered_for(page, await away(connection, person, page.now))
        _, resolved = await in_force(connection)
        found = await own_delegations(connection, person, page.now)
    labels = policy_labels(page, resolved.organisation)
    return await page.show(
        "people/delegations",
        failed=failed,
        whom=whom.person,
        given=[one for one in found if one.details.delegator == person],
        away=whom.absences,
        policies=list(labels.items()),
        labels=labels,
        today=today(page).isoformat(),
    )


async def _while_away(page: Page, new: NewDelegation) -> NewDelegation:
    """The same demand as the API's, at the field that mends it. Days begin and end where the reader is, which may be
    some hours off from where the absence was entered: the delegation begins and ends with the absence then.
    """
    async with page.services.engine.connect() as connection:
        whom = _answered_for(page, await away(connection, new.delegator, page.now))
    spans = [(one.begins_at, one.ends_at) for one in whom.absences]
    found = away_during(spans, new.begins_at, new.ends_at)
    if found is None:
        raise _refused(page, "not_away", "/begins")
    since, until = found
    if page.now < since and new.begins_at <= since - _DAY:
        raise _refused(page, "not_away_yet", "/begins")
    if new.ends_at >= until + _DAY:
        raise _refused(page, "back_before", "/ends")
    within = {"begins_at": max(new.begins_at, since), "ends_at": min(new.ends_at, until)}
    return new.model_copy(update=within)


def _refused(page: Page, why: str, pointer: str) -> InvalidInput:
    words = page.words(f"deputies.{why}")
    return InvalidInput(words, problems=[Problem(pointer, words)])


def _answered_for(page: Page, whom: Away | None) -> Away:
    """UnknownRecord for nobody; NotAllowed unless the reader is their manager or an administrator."""
    if whom is None:
        raise UnknownRecord("There is no such person.")
    if not may_answer_for(page.caller.standing, whom.person):
        raise NotAllowed("Who decides for somebody is seen by the person, their manager and administrators.")
    return whom
