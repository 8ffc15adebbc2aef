"""Why a part of the stack cannot start or go on, in words for the person at the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager


class StackError(Exception):
    """A refusal or failure whose text says what is wrong, where, and what to do; no traceback needed."""


@contextmanager
def usable(files: str) -> Iterator[None]:
    """`StackError` that names `files` with their variable where the system lets nobody read or make them."""
    try:
        yield
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        raise StackError(f"{files} cannot be used: {error.strerror or error}{place}") from error
