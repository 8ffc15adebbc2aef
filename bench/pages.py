"""Pages of the portal in a small and in a large database: two stacks side by side, read in turn."""

from datetime import UTC, datetime

from api.session_cookie import PLAIN
from bench.fill import fill
from bench.lists import Read, compared
from bench.measure import Measure
from bench.scene import APPROVER, OPERATOR, PROCESS_OWNER, REQUESTER, Scene, scene
from bench.sizes import Sizes
from steadydesk.records.identity_session import open_session

_PAGES = {
    "home of a requester": (REQUESTER, "/"),
    "home of an approver": (APPROVER, "/"),
    "requests of a requester": (REQUESTER, "/requests"),
    "requests that a process owner sees": (PROCESS_OWNER, "/requests?whose=seen&which=all"),
    "approvals of an approver": (APPROVER, "/approvals"),
    "search of a requester": (REQUESTER, "/search?q=laptop"),
    "queues of a fulfiller": (PROCESS_OWNER, "/tasks"),
    "catalogue": (REQUESTER, "/catalog"),
    "dashboard of a process owner": (PROCESS_OWNER, "/dashboard"),
    "operations": (OPERATOR, "/operations"),
}


async def measure(large: Scene, sizes: Sizes) -> list[Measure]:
    """p95 in milliseconds of a page until its last byte, large beside small."""
    few, many = sizes.records
    async with scene() as small:
        await fill(small, few)
        await fill(large, many)
        cookies = [{who: await _cookie(on, who) for who, _ in _PAGES.values()} for on in (small, large)]
        return [
            await compared(
                f"page: {name}",
                (_get(small, path, cookies[0][who]), _get(large, path, cookies[1][who])),
                sizes,
                many,
                few,
            )
            for name, (who, path) in _PAGES.items()
        ]


async def _cookie(on: Scene, user_name: str) -> str:
    async with on.owner.connect() as connection:
        secret = await open_session(connection, on.people[user_name], "bench", datetime.now(UTC))
    return f"{PLAIN}={secret}"


def _get(on: Scene, path: str, cookie: str) -> Read:
    address = on.stack.addresses.portal.rstrip("/") + path

    async def read() -> None:
        answer = await on.http.get(address, headers={"Cookie": cookie, "Accept": "text/html"})
        if answer.status_code != 200 or "<h1" not in answer.text:
            raise RuntimeError(f"{path} answered {answer.status_code}")

    return read
