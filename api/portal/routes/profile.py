"""One's own account: language, zone, theme and password; what reaches one by which channel."""

from zoneinfo import available_timezones

from fastapi import Response as EmptyResponse
from fastapi.responses import Response

from api.portal.account_page import PATH, attempt_with_password, show_account
from api.portal.forms import Form, FormState, Posted, attempt
from api.portal.guard import pages
from api.portal.page import AccountPage, Page
from api.portal.session import enter
from api.portal.typed_form import shows_again
from api.portal.words import languages
from api.routes import notifications, people, session
from api.security import identity_of
from steadydesk.contracts.directory import PersonEdit
from steadydesk.contracts.event_type import EventType
from steadydesk.contracts.events import EVENT_TYPES
from steadydesk.contracts.identity import PasswordChange
from steadydesk.contracts.language import in_language
from steadydesk.contracts.notification import Preference, Preferences
from steadydesk.errors import InvalidInput, Problem
from steadydesk.policies.delivery import ANY_EVENT, Channel, wanted

router = pages()

CHANNELS = (Channel.MAIL, Channel.IN_APP)
_REGIONS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


@router.get(PATH)
async def show_profile(page: AccountPage) -> Response:
    return await _profile(page)


@router.post(PATH)
@shows_again
async def change_profile(page: AccountPage, posted: Form) -> Response:
    """Language and zone; everything else of a person is kept by administrators."""

    async def send() -> None:
        edit = posted.into(PersonEdit, ("language", "zone"))
        await people.edit_person(
            page.request, EmptyResponse(), page.caller.id, page.caller, edit, posted.version
        )

    failed = await attempt("profile", posted, send())
    return await _profile(page, failed) if failed else page.back_to(PATH, "profile")


@router.post(PATH + "/password")
@shows_again
async def change_password(page: AccountPage, posted: Form) -> Response:
    """Every session ends; this browser gets a new one."""

    async def send() -> None:
        typed = {name: posted.values.get(name, [""])[0] for name in ("old", "new", "again")}
        if typed.pop("again") != typed["new"]:
            words = page.words("profile.password_differs")
            raise InvalidInput(words, problems=[Problem("/again", words)])
        await session.change_password(page.request, posted.into(PasswordChange, (), **typed), page.caller)

    failed = await attempt_with_password("password", posted, send())
    if failed is not None:
        return await _profile(page, FormState("password", {}, failed.refusal))
    await enter(page.request, page.caller.person.id)
    return page.back_to(PATH, "password")


@router.get(PATH + "/messages")
async def show_messages(page: AccountPage) -> Response:
    return await _messages(page)


@router.post(PATH + "/messages")
@shows_again
async def choose_messages(page: AccountPage, posted: Form) -> Response:
    """Every box of the page at once; only what differs from the choice for all is kept."""

    async def send() -> None:
        await notifications.write_preferences(page.caller, page.services, chosen(posted))

    failed = await attempt("messages", posted, send())
    return await _messages(page, failed) if failed else page.back_to(f"{PATH}/messages", "messages")


def chosen(posted: Posted) -> Preferences:
    """The ticks of a form with a field for each channel, as lines."""
    lines: list[Preference] = []
    for channel in CHANNELS:
        ticked = set(posted.all(channel.value))
        by_default = ANY_EVENT in ticked
        if not by_default:
            lines.append(_line(ANY_EVENT, channel, wants=False))
        lines += [
            _line(key, channel, wants=key in ticked)
            for key, event in EVENT_TYPES.items()
            if not event.mandatory and (key in ticked) is not by_default
        ]
    return Preferences(preferences=lines)


def _line(event: str, channel: Channel, *, wants: bool) -> Preference:
    return Preference.model_validate({"event": event, "channel": channel.value, "wanted": wants})


async def _profile(page: Page, failed: FormState | None = None) -> Response:
    person = page.caller.person
    return await show_account(
        page,
        "self",
        failed,
        person=person,
        languages=[(tag, words("profile.language_name")) for tag, words in languages().items()],
        zones=zones(person.zone),
        has_password=identity_of(page.request.app).issuer is None,
    )


def zones(present: str) -> list[tuple[str, str]]:
    """Zones of places, as the time-zone database names them, and the present one whatever it is."""
    places = {name for name in available_timezones() if name.startswith(_REGIONS)}
    return [(name, name.replace("_", " ")) for name in sorted(places | {present, "UTC"})]


async def _messages(page: Page, failed: FormState | None = None) -> Response:
    said = await notifications.read_preferences(page.caller, page.services)
    kept = {(line.event, line.channel): line.wanted for line in said.preferences}
    ticks = {
        channel.value: [ANY_EVENT] * kept.get((ANY_EVENT, channel.value), True)
        + [key for key, event in EVENT_TYPES.items() if wanted(event, channel, kept)]
        for channel in CHANNELS
    }
    return await show_account(page, "messages", failed, ticks=ticks, parts=_events(page), every=ANY_EVENT)


def _events(page: Page) -> list[tuple[str, list[tuple[EventType, str]]]]:
    """The types of events with their labels, by what they are about."""
    parts: dict[str, list[tuple[EventType, str]]] = {}
    for event in EVENT_TYPES.values():
        about = event.key.partition(".")[0]
        words = page.words.either(f"profile.about_{about}", page.words("profile.about_other"))
        parts.setdefault(words, []).append((event, in_language(event.label, page.language)))
    return list(parts.items())
