"""Which configuration version somebody means by its digest, or by the beginning of it that lists show."""

import re

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.errors import InvalidInput, UnknownRecord
from steadydesk.records.tables.configuration import configuration_version

FEWEST_DIGITS = 8
_DIGEST = re.compile(r"[0-9a-f]{1,64}")


async def digest_beginning(connection: AsyncConnection, given: str) -> str:
    """The whole digest of the only version that begins so.

    UnknownRecord where there is none, InvalidInput for fewer than 8 digits and where several versions begin so.
    """
    if not _DIGEST.fullmatch(given):
        raise UnknownRecord("There is no such configuration version.")
    if len(given) < FEWEST_DIGITS:
        raise InvalidInput(f"give at least {FEWEST_DIGITS} digits of the version's digest")
    digest = configuration_version.c.digest
    found = (await connection.scalars(select(digest).where(digest.startswith(given)).limit(2))).all()
    if not found:
        raise UnknownRecord("There is no such configuration version.")
    if len(found) > 1:
        raise InvalidInput(f"several versions begin with {given}; give more digits")
    return found[0]
