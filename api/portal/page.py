"""A page for one reader: their language, zone, rights and notifications around what a route shows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import iter_route_contexts
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.actions import Action
from api.commands import key_or_new
from api.portal.answers import shown_as
from api.portal.assets import address_of_asset
from api.portal.formats import Formats
from api.portal.forms import Forms, FormState, Posted
from api.portal.navigation import place_of, ways_of
from api.portal.promise import prospect
from api.portal.rich_text import rich_text
from api.portal.session import SignedIn, Visit, visit_of
from api.portal.states import needs, state_words, tone_of, tone_of_record
from api.portal.titles import beneficiaries, for_whom, title_of
from api.portal.words import Words, languages, preferred, words_in
from api.requests_read import viewer_of
from api.security import Caller, services_of
from api.services import Services
from steadydesk.contracts.hint import HintKind
from steadydesk.contracts.language import in_language
from steadydesk.policies.rights import Permission
from steadydesk.records.views.shell import shell_of
from steadydesk.records.views.visibility import Viewer

THEME = "steadydesk-theme"
THEMES = ("light", "dark")
LANGUAGE = "steadydesk-language"
A_YEAR = 365 * 86_400
"""Seconds for which a browser keeps what was chosen on it."""
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Page:
    """What a route of somebody who is signed in gets: who they are, and how to answer them."""

    request: Request
    services: Services
    caller: Caller
    words: Words
    formats: Formats

    @property
    def viewer(self) -> Viewer:
        return viewer_of(self.caller)

    @property
    def language(self) -> str:
        return self.words.language

    @property
    def now(self) -> datetime:
        return self.caller.now

    def act(self, posted: Posted) -> Action:
        """What the API's routes take: the form's key and version go with the command."""
        return Action(self.caller, self.services, Response(), posted.key, posted.version)

    async def show(
        self, template: str, *, failed: FormState | None = None, status: int = 200, **context: Any
    ) -> HTMLResponse:
        """The page from ``templates/<template>.html``. ``failed`` is the form that was refused, and gives the
        status.
        """
        async with self.services.engine.connect() as connection:
            around = await shell_of(connection, self.viewer)
        if failed is not None and failed.refusal is not None:
            status = failed.refusal.status
        shell = {
            "reader": self.caller,
            "unread": around.unread,
            "ways": list(ways_of(self.caller, built(self.request), around)),
            "live": self._live,
            "file_limit": self.services.settings.attachment_limit_bytes,
        }
        html = render(
            self.request, template, self.words, self.formats, {**shell, "forms": Forms(failed), **context}
        )
        return HTMLResponse(html, status)

    def _live(self, *about: HintKind) -> str:
        """Where the page hears of changes of these kinds from now on, and of new notifications."""
        since = int(self.now.timestamp() * 1000)
        return f"/live?{urlencode({'about': (*about, HintKind.MESSAGES.value), 'since': since}, doseq=True)}"

    def back_to(self, path: str, done: str | None = None) -> RedirectResponse:
        """On to another page after a form; ``done`` names the words ``done.<done>`` that it shows there."""
        base, _, anchor = path.partition("#")
        query = f"{'&' if '?' in base else '?'}done={done}" if done else ""
        return RedirectResponse(f"{base}{query}{'#' if anchor else ''}{anchor}", 303)


def page_for(permission: Permission) -> Callable[..., Any]:
    """The dependency that gives a route its Page, once the reader may do ``permission``."""
    signed_in = _signed_in(permission)

    async def page(request: Request, caller: Annotated[Caller, Depends(signed_in)]) -> Page:
        return page_of(request, caller)

    return page


def page_of(request: Request, caller: Caller) -> Page:
    person = caller.person
    words = words_in(person.language)
    formats = Formats(words, ZoneInfo(person.zone), caller.now)
    return Page(request, services_of(request.app), caller, words, formats)


@cache
def _signed_in(permission: Permission) -> SignedIn:
    return SignedIn(permission)


ReaderPage = Annotated[Page, Depends(page_for(Permission.READ))]
OrdererPage = Annotated[Page, Depends(page_for(Permission.ORDER))]
DeciderPage = Annotated[Page, Depends(page_for(Permission.DECIDE))]
WorkerPage = Annotated[Page, Depends(page_for(Permission.WORK))]
AccountPage = Annotated[Page, Depends(page_for(Permission.OWN_ACCOUNT))]
OperatorPage = Annotated[Page, Depends(page_for(Permission.OPERATE))]
OwnerPage = Annotated[Page, Depends(page_for(Permission.READ_CONFIGURATION))]


def words_before_sign_in(request: Request) -> Words:
    """In the language that was chosen here, else in that of the browser."""
    chosen = request.cookies.get(LANGUAGE, "")
    accepted = request.headers.get("accept-language", "")
    return words_in(chosen if chosen in languages() else preferred(accepted))


def bare_page(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A page for somebody who is not signed in."""
    words = words_before_sign_in(request)
    formats = Formats(words, ZoneInfo("UTC"), services_of(request.app).clock())
    return HTMLResponse(render(request, template, words, formats, {"reader": None, **context}), status)


def render(request: Request, template: str, words: Words, formats: Formats, context: dict[str, Any]) -> str:
    """The HTML of a page; ``reader`` None leaves the navigation out."""
    visit: Visit = visit_of(request)
    theme = request.cookies.get(THEME)
    around = {
        "w": words,
        "f": formats,
        "visit": visit,
        "path": request.url.path,
        "place": place_of(request.url.path),
        "query": request.query_params,
        "theme": theme if theme in THEMES else None,
        "forms": Forms(),
        "built": built(request),
        "unread": 0,
        "ways": [],
    }
    return _environment().get_template(f"{template}.html").render({**around, **context})


def built(request: Request) -> frozenset[str]:
    """The paths of the pages that there are."""
    state = request.app.state
    if not hasattr(state, "portal_paths"):
        state.portal_paths = frozenset(route.path or "" for route in iter_route_contexts(request.app.routes))
    return state.portal_paths


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {
        "asset": address_of_asset,
        "new_key": lambda: key_or_new(None),
        "text_in": in_language,
        "shown_as": shown_as,
        "state_words": state_words,
        "tone_of": tone_of,
        "tone_of_record": tone_of_record,
        "needs": needs,
        "title_of": title_of,
        "for_whom": for_whom,
        "beneficiaries": beneficiaries,
        "prospect": prospect,
    }
    environment.filters["rich_text"] = rich_text
    return environment
