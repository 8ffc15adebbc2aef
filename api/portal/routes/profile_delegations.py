"""Who decides for the reader and for whom the reader decides; when the reader is away."""

from fastapi.responses import Response

from api import commands
from api.portal.account_page import PATH, show_account
from api.portal.days import span_of, today
from api.portal.forms import Form, FormState, attempt
from api.portal.guard import pages
from api.portal.page import AccountPage, Page
from api.routes import delegations, people
from steadydesk.contracts.delegation import NewAbsence, NewDelegation
from steadydesk.contracts.language import in_language
from steadydesk.records.organisation import in_force
from steadydesk.records.views.account import own_absences, own_delegations

router = pages()

HERE = f"{PATH}/delegations"


@router.get(HERE)
async def show_delegations(page: AccountPage) -> Response:
    return await _delegations(page)


@router.post(HERE)
async def delegate(page: AccountPage, posted: Form) -> Response:
    """Whole days, the last one included; both people are told."""

    async def send() -> None:
        begins, ends = span_of(page, posted, "begins", "ends")
        async with page.services.engine.connect() as connection:
            deputy = await commands.person_named(
                connection, posted.text("delegate") or "", page.caller.id, "/delegate"
            )
        new = posted.into(
            NewDelegation,
            ("reason",),
            delegator=page.caller.id,
            delegate=deputy,
            policies=posted.all("policies") or None,
            begins_at=begins,
            ends_at=ends,
        )
        await delegations.delegate(page.request, new, page.caller)

    failed = await attempt("delegation", posted, send())
    return await _delegations(page, failed) if failed else page.back_to(HERE, "delegated")


@router.post(HERE + "/{delegation}/end")
async def end_delegation(delegation: str, page: AccountPage, posted: Form) -> Response:
    failed = await attempt("end", posted, delegations.end_delegation(page.request, delegation, page.caller))
    return await _delegations(page, failed) if failed else page.back_to(HERE, "delegation_ended")


@router.post(PATH + "/absences")
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


async def _delegations(page: Page, failed: FormState | None = None) -> Response:
    async with page.services.engine.connect() as connection:
        _, resolved = await in_force(connection)
        found = await own_delegations(connection, page.caller.id, page.now)
        away = await own_absences(connection, page.caller.id, page.now)
    labels: dict[str, str] = {
        key: in_language(policy.label, page.language)
        for key, policy in resolved.organisation.approval_policies.items()
    }
    return await show_account(
        page,
        "delegations",
        failed,
        given=[one for one in found if one.details.delegator == page.caller.id],
        taken=[one for one in found if one.details.delegate == page.caller.id],
        away=away,
        policies=list(labels.items()),
        labels=labels,
        today=today(page).isoformat(),
    )
