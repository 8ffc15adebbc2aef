"""How every command says no: the reason on stderr, no traceback, exit code 1 (2 for wrong usage)."""

import contextlib
from collections.abc import Iterator

import typer
from pydantic import ValidationError

from steadydesk.settings import Settings, variable_of
from steadydesk.settings import settings as current_settings
from steadydesk.stack.failure import StackError


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Turn the stack's refusals into a message and exit code 1."""
    try:
        yield
    except StackError as error:
        typer.echo(f"steadydesk: {error}", err=True)
        raise typer.Exit(1) from None


def checked_settings() -> Settings:
    """The settings, or a line per wrong variable and exit code 2."""
    try:
        return current_settings()
    except ValidationError as error:
        for sentence in wrong_variables(error):
            typer.echo(f"steadydesk: {sentence}", err=True)
        raise typer.Exit(2) from None


def wrong_variables(error: ValidationError) -> list[str]:
    """One sentence per variable with a wrong value; a value that may hold a secret is not repeated."""
    # Defaults made from a wrong value are reported by pydantic too, but nobody set them.
    faults = [fault for fault in error.errors() if fault["type"] != "default_factory_not_called"]
    return [_sentence(str(fault["loc"][0]), fault["msg"], fault["input"]) for fault in faults]


def _sentence(name: str, message: str, value: object) -> str:
    field = Settings.model_fields.get(name)
    shown = f" (is: {value!r})" if field is None or field.repr else ""
    return f"{variable_of(name) if field else name}: {message}{shown}"
