"""How commands speak to the API of a running stack: whose token, which address, and what a refusal looks like.

Exit codes of every command that uses it: 0 done, 1 refused, 2 wrong usage, 3 the API does not answer.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, NoReturn

import httpx2
import typer

from steadydesk.cli.refusal import checked_settings, refusals
from steadydesk.cli.table import BASE, Row, has_languages
from steadydesk.settings import TOKEN, Settings
from steadydesk.stack.addresses import running_stack_of
from steadydesk.stack.credentials import read_credentials
from steadydesk.stack.state_folder import StateFolder

REFUSED, USAGE, UNREACHABLE = 1, 2, 3
_SECONDS = 30.0
_PAGE = 200
_FILES = "/files/"

Token = Annotated[
    str | None,
    typer.Option("--token", envvar=TOKEN, help="API token of whoever does it.", show_default=False),
]
AsUser = Annotated[
    str | None,
    typer.Option("--as", help="Demo user whose token stands in credentials.json of the state folder."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's answer as JSON.")]


class Api:
    """One person at the API. Every failure is told on stderr and ends the command."""

    def __init__(self, address: str, token: str) -> None:
        self._address = address.rstrip("/")
        self._token = token

    def get(self, path: str, **query: str | int | bool | None) -> Any:
        wanted = {name: value for name, value in query.items() if value not in (None, False)}
        return self._answer("GET", path, params=wanted)

    def pages(self, path: str, most: int, **query: str | int | bool | None) -> list[Any]:
        """The items of as many pages as ``most`` items need."""
        return list(self._items(path, most, query))

    def language_for(self, waiting: Sequence[Row]) -> str:
        """The reader's language where something that is waited for is called otherwise in it."""
        return str(self.get("me")["person"]["language"]) if has_languages(waiting) else BASE

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """With a key of its own, so that a repeat by the network is no second command."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        sent = {name: value for name, value in body.items() if value is not None}
        return self._answer("POST", path, headers, json=sent)

    def _items(self, path: str, most: int, query: Mapping[str, Any]) -> Iterator[Any]:
        after: str | None = None
        while most > 0:
            page = self.get(path, **query, limit=min(most, _PAGE), after=after)
            yield from page["items"]
            most -= len(page["items"])
            after = page.get("after")
            if after is None:
                return

    def _answer(self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
        signed = {"Authorization": f"Bearer {self._token}", **(headers or {})}
        try:
            with httpx2.Client(timeout=_SECONDS) as http:
                response = http.request(method, f"{self._address}/{path}", headers=signed, **more)
        except httpx2.TransportError as error:
            fail(UNREACHABLE, f"{self._address} does not answer: {error or type(error).__name__}")
        try:
            answer = response.json()
        except json.JSONDecodeError:
            fail(UNREACHABLE, f"{self._address} answered {response.status_code} and no JSON")
        if response.is_success:
            return answer
        _tell_problem(answer)
        raise typer.Exit(UNREACHABLE if response.status_code in (502, 503, 504) else REFUSED)


def api(token: str | None, as_user: str | None) -> Api:
    """The API of the running stack, or at STEADYDESK_PUBLIC_URL, as the person of the token."""
    settings = checked_settings()
    with refusals():
        running = running_stack_of(settings)
    address = running.addresses.api if running else f"{settings.public_url}/api/v1"
    return Api(address, _demo_token(settings, as_user) if as_user else _given(token))


def fail(code: int, sentence: str) -> NoReturn:
    typer.echo(f"steadydesk: {sentence}", err=True)
    raise typer.Exit(code)


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _given(token: str | None) -> str:
    if not token:
        fail(USAGE, f"say who you are: --token, {TOKEN}, or --as USER with demo users")
    if not (token.isascii() and token.isprintable()) or " " in token:
        fail(USAGE, f"the value of --token or {TOKEN} is no token: a token is one word like sdk_…")
    return token


def _demo_token(settings: Settings, user_name: str) -> str:
    folder = StateFolder(settings.state_dir)
    with refusals():
        credentials = read_credentials(folder.credentials)
    if credentials is None:
        fail(USAGE, f"{folder.credentials} does not exist; --as is for demo users, others use --token")
    for user in credentials.users:
        if user.user_name == user_name:
            return user.token
    fail(
        USAGE, f"'{user_name}' is no demo user; there are {', '.join(u.user_name for u in credentials.users)}"
    )


def _place(fault: Mapping[str, str]) -> str:
    """Where it is; of a file that was sent its name, to be followed by the line that the message begins with."""
    pointer = fault["pointer"]
    if pointer.startswith(_FILES):
        return pointer.removeprefix(_FILES).replace("~1", "/").replace("~0", "~")
    return pointer or fault["where"]


def _tell_problem(problem: Mapping[str, Any]) -> None:
    typer.echo(f"steadydesk: {problem.get('title', 'Refused')}: {problem.get('detail', '')}", err=True)
    if problem.get("pointer"):
        typer.echo(f"  at {problem['pointer']}", err=True)
    for fault in problem.get("problems", []):
        typer.echo(
            f"  {_place(fault)}:{'' if fault['pointer'].startswith(_FILES) else ' '}{fault['message']}",
            err=True,
        )
    if problem.get("follow_up"):
        typer.echo(f"  steadydesk request new ITEM --follows {problem['follow_up']} takes it up", err=True)
