"""What a fault of the database means to the caller: wait and repeat, or send something else."""

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from steadydesk.errors import InvalidInput, Refusal, Unavailable

RETRY_AFTER_SECONDS = 2

_AWAY = ("08", "53", "57P", "55P03", "40001", "40P01")
"""SQLSTATEs of a lost connection, exhausted resources, a shutdown, a lock not had in time, a
serialisation.
"""

_NOT_STORABLE = ("22000", "22003", "22021", "22P05")
"""A value that asyncpg itself finds unfit, a number out of range, and a NUL or another impossible character."""


def refusal_of(error: BaseException) -> Refusal | None:
    """Unavailable or InvalidInput for a fault of the database, None for anything else."""
    if isinstance(error, PoolTimeoutError | TimeoutError | ConnectionError):
        return _unavailable()
    if not isinstance(error, DBAPIError):
        return None
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if error.connection_invalidated or state.startswith(_AWAY):
        return _unavailable()
    if state in _NOT_STORABLE:
        return InvalidInput("A value cannot be stored: it has a NUL character, or is out of range.")
    return None


def _unavailable() -> Unavailable:
    return Unavailable(
        "The database does not answer at the moment.", details={"retry_after": RETRY_AFTER_SECONDS}
    )
