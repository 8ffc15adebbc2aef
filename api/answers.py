"""Answers that routes share: ETags and what became of a command."""

from typing import Any

from fastapi import Response

from api.commands import Sent
from steadydesk.contracts.views import OpenedRequest, RecordView


def etag(view: RecordView | OpenedRequest) -> str:
    return f'"{view.version}"'


def sent_answer(response: Response, sent: Sent) -> dict[str, Any]:
    """The process's answer, or 202 with where the outcome will be seen."""
    if sent.answer is None:
        response.status_code = 202
        response.headers["Location"] = f"/api/v1/records/{sent.number}"
        return {"number": sent.number, "accepted": True}
    if "version" in sent.answer:
        response.headers["ETag"] = f'"{sent.answer["version"]}"'
    return sent.answer
