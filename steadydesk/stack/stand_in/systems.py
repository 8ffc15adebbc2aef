"""What the demo's outside systems hold, and what each of them answers: the fold of everything they were asked."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, JsonValue

_HELD: Final = re.compile(r"/(groups/[^/]+/members|machines|cards)/[^/]+")
_ACCOUNT: Final = re.compile(r"(/accounts/[^/]+)/(disable|enable)")
_HOOK: Final = re.compile(r"/hooks/[^/]+")
_CLOSED: Final = "/groups/design-archive/"
"""Nobody is let into it, so that a step which fails can be seen: a person then decides how it goes on."""
_NOT_HERE: Final[dict[str, JsonValue]] = {"error": "no system of the demo answers here"}


class Asked(BaseModel):
    """One call that was to change something, with the answer that every repeat of its key gets."""

    at: str
    key: str
    method: str
    path: str
    body: JsonValue = None
    status: int
    answer: JsonValue = None
    repeats: int = 0


@dataclass(slots=True)
class Systems:
    """``kept`` is the file, one line per call, from which the next start goes on; None keeps nothing."""

    kept: Path | None = None
    held: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    asked: dict[str, Asked] = field(default_factory=dict[str, Asked])

    def __post_init__(self) -> None:
        for call in self._remembered():
            self._change(call.method, call.path, call.body)
            self.asked[call.key] = call

    def read(self, path: str) -> tuple[int, JsonValue]:
        """Status and body for a look at what is held."""
        return (200, self.held[path]) if path in self.held else (404, {"error": "not found"})

    def change(self, method: str, path: str, key: str, body: JsonValue, at: str) -> tuple[int, JsonValue]:
        """Status and body for a call; one with a key that was seen is answered as before and done no second time."""
        known = self.asked.get(key)
        if known is None:
            status, answer = self._change(method, path, body)
            if status != 404 or answer != _NOT_HERE:
                self._keep(
                    Asked(at=at, key=key, method=method, path=path, body=body, status=status, answer=answer)
                )
            return status, answer
        if (known.method, known.path, known.body) != (method, path, body):
            return 422, {"error": "this Idempotency-Key belongs to another call"}
        known.repeats += 1
        return known.status, known.answer

    def _change(self, method: str, path: str, body: JsonValue) -> tuple[int, JsonValue]:
        if method == "POST" and _HOOK.fullmatch(path):
            return 204, None
        if method == "POST" and (account := _ACCOUNT.fullmatch(path)):
            self.held[account[1]] = {"enabled": account[2] == "enable"}
            return 200, self.held[account[1]]
        if method == "PUT" and path.startswith(_CLOSED):
            return 423, {"error": "the design archive is being moved; nobody is let in"}
        if method == "PUT" and _HELD.fullmatch(path):
            status = 200 if path in self.held else 201
            self.held[path] = _made(path, body)
            return status, self.held[path]
        if method == "DELETE" and _HELD.fullmatch(path):
            return (204, None) if self.held.pop(path, None) is not None else (404, {"error": "not found"})
        return 404, _NOT_HERE

    def _keep(self, call: Asked) -> None:
        self.asked[call.key] = call
        if self.kept is not None:
            with self.kept.open("a", encoding="utf-8") as file:
                # The line begins with its end, so that one that a crash cut off spoils no other.
                file.write("\n" + call.model_dump_json(exclude={"repeats"}))

    def _remembered(self) -> Iterator[Asked]:
        """A line that was cut off by a crash was never answered, and is left out."""
        if self.kept is None or not self.kept.exists():
            return
        for line in self.kept.read_text(encoding="utf-8").splitlines():
            try:
                values: Any = json.loads(line)
            except ValueError:
                continue
            yield Asked.model_validate(values)


def _made(path: str, body: JsonValue) -> dict[str, JsonValue]:
    """A machine runs as soon as it is made."""
    values = body if isinstance(body, dict) else {}
    return {**values, "state": "running"} if path.startswith("/machines/") else values
