"""`steadydesk settings`: every setting with its meaning and default, in the form of a `.env` file."""

import textwrap
from pathlib import Path

import typer

from steadydesk.settings import Settings, variable_of

HEAD = (
    "Settings of Steadydesk. Copy to .env and change what differs; the environment goes before.",
    "Made by `steadydesk settings`.",
)
WIDTH = 98


def register(app: typer.Typer) -> None:
    app.command("settings")(print_settings)


def print_settings() -> None:
    """Print all settings with their defaults, as an example `.env`."""
    typer.echo(example_environment(), nl=False)


def example_environment() -> str:
    """A block per setting: its description as a comment, then the commented-out assignment of its default."""
    blocks = ["\n".join(f"# {line}" for line in HEAD)]
    blocks += [_block(name) for name in Settings.model_fields]
    return "\n\n".join(blocks) + "\n"


def _block(name: str) -> str:
    field = Settings.model_fields[name]
    default = None if field.default_factory else field.default
    lines = textwrap.wrap(field.description or "", WIDTH)
    return "\n".join([*(f"# {line}" for line in lines), f"#{variable_of(name)}={_default(default)}"])


def _default(value: object) -> str:
    """Nothing for a default that other settings decide; its description says how."""
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(value)
    return value.as_posix() if isinstance(value, Path) else str(value)
