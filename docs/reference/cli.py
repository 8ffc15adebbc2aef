"""`docs/cli.md`: every command of `steadydesk` with its arguments and options."""

from collections.abc import Iterator
from typing import Any

import typer

from docs.reference.markdown import code, one_line, page, table
from steadydesk.cli import app

INTRODUCTION = """\
`make run` puts the program into the virtual environment: `.venv/bin/steadydesk`. `make` is not needed to use it.

- Commands about records go through the API, as the person of `--token`, of `STEADYDESK_TOKEN`, or, with demo users, of
  `--as USER`. They find the running stack by its state folder, else the API at `STEADYDESK_PUBLIC_URL`.
- `config`, `directory`, `token`, `audit verify` and `doctor` work on the database itself: who may run them on the
  server has its rights.
- `--json` prints what programs read. Times on the terminal are of its zone (`TZ`), which stands beside them; what a
  record waits for is called as the reader's language calls it. Messages and errors go to stderr.
- Exit codes: 0 done; 1 refused or something was found, with the reason; 2 wrong usage; 3 the API does not answer,
  or nothing runs on the state folder."""


def cli_page() -> str:
    return page("Command line reference", INTRODUCTION, *(_section(*each) for each in commands()))


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its full name."""
    yield from _below("steadydesk", typer.main.get_command(app))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for key, each in inner.items():
        if not each.hidden:
            yield from _below(f"{name} {key}", each)


def _section(name: str, command: Any) -> str:
    parameters = [parameter for parameter in command.params if not parameter.hidden]
    arguments = [p for p in parameters if p.param_type_name == "argument"]
    words = [name, *(_argument(p) for p in arguments)]
    usage = " ".join([*words, "[OPTIONS]"] if len(parameters) > len(arguments) else words)
    rows = table(("parameter", "default", "meaning"), (_row(parameter) for parameter in parameters))
    parts = (f"## `{name}`", f"    {usage}", one_line(command.help), rows)
    return "\n\n".join(part for part in parts if part)


def _argument(parameter: Any) -> str:
    word = (parameter.metavar or parameter.name).upper()
    return word if parameter.required else f"[{word}]"


def _row(parameter: Any) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        names = code((parameter.metavar or parameter.name).upper())
    else:
        value = "" if parameter.is_flag else " VALUE"
        names = ", ".join(code(f"{opt}{value}") for opt in (*parameter.opts, *parameter.secondary_opts))
    return names, _default(parameter), one_line(parameter.help)


def _default(parameter: Any) -> str:
    if parameter.required:
        return "**required**"
    if parameter.envvar:
        return code(f"${parameter.envvar}")
    default = parameter.default
    return "" if default is None or isinstance(default, bool) or callable(default) else code(str(default))
