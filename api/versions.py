"""Versions of records in HTTP: the ``ETag`` of what is read, and ``If-Match`` on what is edited."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from steadydesk.errors import InvalidInput, Problem, VersionRequired

_TAG = re.compile(r'(?:W/)?"([0-9]{1,9})"')


def set_etag(response: Response, version: int) -> None:
    response.headers["ETag"] = etag(version)


def etag(version: int) -> str:
    return f'"{version}"'


async def _if_match(
    if_match: Annotated[
        str | None,
        Header(description="The `ETag` of the version that you edit; `*` edits whatever is there."),
    ] = None,
) -> int | None:
    if if_match is None:
        raise VersionRequired("Send the ETag of what you read as If-Match.")
    return version_in(if_match)


def version_in(if_match: str) -> int | None:
    """The version that an ``If-Match`` header names, None for ``*``; InvalidInput for what is no ETag of ours."""
    if if_match.strip() == "*":
        return None
    match = _TAG.fullmatch(if_match.strip())
    if match is None:
        raise InvalidInput(
            "If-Match is no version of this record.",
            problems=[Problem("/If-Match", 'send the ETag as it came, such as "3"', "header")],
        )
    return int(match.group(1))


IfMatch = Annotated[int | None, Depends(_if_match)]
"""The version that the caller saw; None for ``*``. Without the header: VersionRequired."""
