"""Which configuration version somebody means by its digest, or by the beginning of it that lists show."""

import re

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.errors import InvalidInput, Problem, UnknownRecord
from steadydesk.records.tables.configuration import configuration_version

FEWEST_DIGITS = 8
_DIGEST = re.compile(r"[0-9a-f]{1,64}")


async def digest_beginning(connection: AsyncConnection, given: str, name: str = "digest") -> str:
    """The whole digest of the only version that begins so, in small letters or capitals; ``name`` is that of the
    parameter that gave it: ``digest``, of the path, or one of the query.

    UnknownRecord where there is none, InvalidInput for fewer than 8 digits and where several versions begin so.
    """
    given = given.lower()
    if not _DIGEST.fullmatch(given):
        raise UnknownRecord("There is no such configuration version.")
    if len(given) < FEWEST_DIGITS:
        raise _unclear(f"give at least {FEWEST_DIGITS} digits of the version's digest", name)
    digest = configuration_version.c.digest
    found = (await connection.scalars(select(digest).where(digest.startswith(given)).limit(2))).all()
    if not found:
        raise UnknownRecord("There is no such configuration version.")
    if len(found) > 1:
        raise _unclear(f"several versions begin with {given}; give more digits", name)
    return found[0]


def _unclear(message: str, name: str) -> InvalidInput:
    where = "path" if name == "digest" else "query"
    return InvalidInput(message, problems=[Problem(f"/{name}", message, where)])
