"""Commands without proof, counted where they are refused: a validator may not write, so the worker does later."""

from collections import deque
from dataclasses import dataclass

_MOST = 10_000


@dataclass(frozen=True)
class Forgery:
    """A command that was refused by a validator, or by the worker that an activity was asked of; ``number`` is the
    record that it was sent to, if any.
    """

    number: str | None
    command: str


_seen: deque[Forgery] = deque(maxlen=_MOST)


def note(number: str | None, command: str) -> None:
    """Keep one; validators do not run on replay, so each is kept once."""
    _seen.append(Forgery(number, command))


def take() -> list[Forgery]:
    """All that were kept since the last call, oldest first."""
    taken: list[Forgery] = []
    while _seen:
        taken.append(_seen.popleft())
    return taken
