"""The timeline of a record by pages of its steps."""

from typing import Any

import pytest

from tests.support.api_desk import ApiDesk


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_words_come_once_with_the_steps_of_their_page(desk: ApiDesk, limit: int) -> None:
    number = (await desk.order("rita.requester", "hr-conversation", topic="other"))["number"]
    words = [f"word {place}" for place in range(4)]
    for word in words:
        await desk.post("rita.requester", f"/requests/{number}/comments", {"text": word})
    whole = (await desk.get("rita.requester", f"/requests/{number}/timeline"))["items"]
    paged: list[dict[str, Any]] = []
    after: str | None = "0"
    while after is not None:
        page = await desk.get("rita.requester", f"/requests/{number}/timeline?limit={limit}&after={after}")
        paged += page["items"]
        after = page["after"]
    assert [entry["text"] for entry in paged if entry["kind"] == "comment"] == words
    assert [entry["id"] for entry in paged] == [entry["id"] for entry in whole]
