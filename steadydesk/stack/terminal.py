"""What the person at the terminal sees: a line per event, then the addresses and demo users."""

import os
import sys
from typing import TextIO

from steadydesk.stack.addresses import Addresses
from steadydesk.stack.credentials import Credentials

NAME_WIDTH = 13


class Terminal:
    """Writes to `stream`; a reader who has gone away ends the writing, not the stack."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream: TextIO | None = stream or sys.stdout

    def announce(self, part: str, text: str) -> None:
        """One line about `part`."""
        self.say(f"{part:<{NAME_WIDTH}}{text}")

    def say(self, line: str) -> None:
        if self._stream is None:
            return
        try:
            print(line, file=self._stream, flush=True)
        except OSError:
            self._forget_reader()

    def _forget_reader(self) -> None:
        """What is still buffered goes nowhere, or the interpreter would fail on it at its end."""
        if self._stream is not None:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
        self._stream = None


def summary(addresses: Addresses, credentials: Credentials | None) -> str:
    """The table at the end of a start."""
    rows = {
        "Portal": addresses.portal,
        "API": addresses.api,
        "API docs": addresses.api_docs,
    }
    if addresses.temporal_ui:
        rows["Temporal UI"] = addresses.temporal_ui
    if addresses.demo_systems:
        rows["Demo systems"] = addresses.demo_systems
    lines = ["", *(f"{name:<{NAME_WIDTH}}{url}" for name, url in rows.items())]
    if credentials and credentials.users:
        lines += ["", *_user_rows(credentials)]
    elif credentials is None:
        lines += ["", "For the first administrator's one-time link: steadydesk token first-administrator"]
    return "\n".join([*lines, "", "Ctrl-C stops everything; the next start goes on from here.", ""])


def _user_rows(credentials: Credentials) -> list[str]:
    heads = ("Demo user", "Password", "Roles", "Token")
    rows = [
        (user.user_name, user.password or "", ", ".join(user.roles), user.token) for user in credentials.users
    ]
    widths = [max(len(row[column]) for row in [heads, *rows]) + 2 for column in range(len(heads))]
    return [
        "".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [heads, *rows]
    ]
