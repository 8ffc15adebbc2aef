"""What is in approval is changed by its requester: taken back, changed, submitted again; who stops in between loses
nothing.
"""

from typing import Any

from tests.portal.browsers import ACCESS
from tests.portal.visitors import field_of, visitor
from tests.support.api_desk import ApiDesk


async def the_request(portal: ApiDesk, number: str) -> dict[str, Any]:
    return await portal.get("rita.requester", f"/requests/{number}")


async def test_a_change_takes_it_back_first_and_starts_the_approval_anew(portal: ApiDesk) -> None:
    number = (await portal.order("rita.requester", "application-access", **ACCESS))["number"]
    before = await the_request(portal, number)
    line = before["items"][0]["number"]
    at = f"/records/{number}"
    async with visitor(portal, "rita.requester") as rita:
        html = await rita.page(at)
        assert f'href="{at}/recall?line={line}">Change</a>' in html
        html = await rita.page(f"{at}/recall?line={line}")
        assert "the approval starts anew" in html
        assert "nothing is lost" in html
        assert (await the_request(portal, number))["version"] == before["version"], "a look decides nothing"

        taken = await rita.send(
            f"{at}/recall", line=line, version=field_of(html, "version"), reason="Too much."
        )
        assert taken.headers["location"] == f"{at}/change?line={line}&done=recall", taken.text

        # They stop here, and come back later.
        between = await the_request(portal, number)
        assert between["items"][0]["phase"] == "returned"
        assert between["items"][0]["variables"] == before["items"][0]["variables"]
        assert number in (await rita.page("/")).partition('id="to-answer"')[2].partition("</section>")[0]
        assert f'{at}/change?line={line}">Change and resubmit</a>' in await rita.page(at)

        html = await rita.page(taken.headers["location"])
        assert "Change it now, or later from its page" in html
        answers = {f"v__{name}": value for name, value in (ACCESS | {"level": "read"}).items()}
        sent = await rita.send(f"{at}/change", line=line, version=field_of(html, "version"), **answers)
        assert sent.headers["location"] == f"{at}?done=change", sent.text
    after = await the_request(portal, number)
    assert after["items"][0]["phase"] == "approval"
    assert after["items"][0]["variables"]["level"] == "read"
    assert [one["state"] for one in after["approvals"]] == ["cancelled", "requested"]
    async with visitor(portal, "mona.manager") as mona:
        inbox = await mona.page("/approvals")
        waits = [after["approvals"][place]["id"] for place in (0, 1)]
        assert [f'name="gate" value="{one}"' in inbox for one in waits] == [False, True]


async def test_only_its_requester_is_offered_the_change(portal: ApiDesk) -> None:
    order = await portal.order("rita.requester", "application-access", **ACCESS)
    number, line = order["number"], order["items"][0]["number"]
    async with visitor(portal, "mona.manager") as mona:
        assert f"/records/{number}/recall" not in await mona.page(f"/records/{number}")
        assert (await mona.open(f"/records/{number}/recall?line={line}")).status_code == 409
        sent = await mona.send(f"/records/{number}/recall", line=line)
        assert sent.status_code == 403
    assert (await the_request(portal, number))["items"][0]["phase"] == "approval"
