"""Who decides for the reader and for whom the reader decides; when the reader is away."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from api.portal.account_page import PATH, show_account
from api.portal.days import span_of, today
from api.portal.delegation_form import delegation_in, policy_labels
from api.portal.forms import Form, FormState, attempt
from api.portal.guard import pages
from api.portal.page import AccountPage, Page
from api.portal.typed_form import shows_again
from api.routes import delegations, people
from steadydesk.contracts.delegation import NewAbsence
from steadydesk.contracts.directory import ANY_FUNCTION
from steadydesk.errors import InvalidInput, Problem
from steadydesk.policies.rights import Permission
from steadydesk.records.organisation import in_force
from steadydesk.records.views.absences import team_away
from steadydesk.records.views.account import own_delegations
from steadydesk.records.views.pickers import MOST, people_meant

router = pages()

HERE = f"{PATH}/delegations"


@router.get(HERE)
async def show_delegations(page: AccountPage) -> Response:
    return await _delegations(page)


@router.post(HERE)
@shows_again
async def delegate(page: AccountPage, posted: Form) -> Response:
    """Whole days, the last one included; both people are told."""

    async def send() -> None:
        await delegations.delegate(
            page.request, await delegation_in(page, posted, page.caller.id), page.caller
        )

    failed = await attempt("delegation", posted, send())
    return await _delegations(page, failed) if failed else page.back_to(HERE, "delegated")


@router.get(HERE + "/for")
async def find_somebody(page: AccountPage, person: Annotated[str, Query(max_length=100)] = "") -> Response:
    """On to the page of somebody for whom the reader may name a deputy; a choice where several may be meant."""
    async with page.services.engine.connect() as connection:
        found = await people_meant(connection, person)
    if len(found) == 1:
        [one] = found
        return page.back_to(HERE if one.id == page.caller.id else f"/people/{one.id}/delegations")
    failed = FormState("for", {"person": [person]}, _nobody()) if person.strip() and not found else None
    shown = {"typed": person, "meant": found[:MOST], "are_more": len(found) > MOST}
    return await page.show("people/find", failed=failed, **shown)


@router.post(HERE + "/{delegation}/end")
async def end_delegation(delegation: str, page: AccountPage, posted: Form) -> Response:
    failed = await attempt("end", posted, delegations.end_delegation(page.request, delegation, page.caller))
    return await _delegations(page, failed) if failed else page.back_to(HERE, "delegation_ended")


@router.post(PATH + "/absences")
@shows_again
async def add_absence(page: AccountPage, posted: Form) -> Response:
    async def send() -> None:
        begins, ends = span_of(page, posted, "away_from", "away_until")
        new = NewAbsence(begins_at=begins, ends_at=ends)
        await people.add_absence(page.request, page.caller.id, new, page.caller)

    failed = await attempt("absence", posted, send())
    return await _delegations(page, failed) if failed else page.back_to(f"{HERE}#away", "absence")


@router.post(PATH + "/absences/{absence}/end")
async def remove_absence(absence: str, page: AccountPage, posted: Form) -> Response:
    failed = await attempt(
        "end", posted, people.remove_absence(page.request, page.caller.id, absence, page.caller)
    )
    return await _delegations(page, failed) if failed else page.back_to(f"{HERE}#away", "absence_removed")


def _nobody() -> InvalidInput:
    words = "the directory has no such person"
    return InvalidInput(words, problems=[Problem("/person", words)])


async def _delegations(page: Page, failed: FormState | None = None) -> Response:
    async with page.services.engine.connect() as connection:
        _, resolved = await in_force(connection)
        found = await own_delegations(connection, page.caller.id, page.now)
        away, team = await team_away(connection, page.caller.id, page.now)
    labels = policy_labels(page, resolved.organisation)
    return await show_account(
        page,
        "delegations",
        failed,
        given=[one for one in found if one.details.delegator == page.caller.id],
        taken=[one for one in found if one.details.delegate == page.caller.id],
        away=away,
        team=team,
        names_any=page.caller.may(Permission.MANAGE_DIRECTORY, ANY_FUNCTION),
        policies=list(labels.items()),
        labels=labels,
        today=today(page).isoformat(),
    )
