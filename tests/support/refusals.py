"""What every test of a refusal needs."""

from typing import Any

import httpx2


def refused(response: httpx2.Response, status: int, kind: str, *pointers: str) -> dict[str, Any]:
    """The problem, when the response is one of this status and type with exactly these pointers."""
    media_type = response.headers["content-type"]
    assert (response.status_code, media_type) == (status, "application/problem+json"), response.text
    body = response.json()
    assert body["type"] == f"/problems/{kind}", body
    if pointers:
        found = [problem["pointer"] for problem in body.get("problems", [])] or [body.get("pointer")]
        assert found == list(pointers), body
    return body
