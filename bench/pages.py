"""Pages of the portal in a small and in a large database."""

from datetime import UTC, datetime
from statistics import median

from api.session_cookie import PLAIN
from bench.lists import Read, compared, p95
from bench.measure import Measure, told
from bench.scene import APPROVER, OPERATOR, PROCESS_OWNER, REQUESTER, Scene
from bench.sizes import Sizes
from steadydesk.policies.period import last_days
from steadydesk.records.directory_standing import standing
from steadydesk.records.identity_session import open_session
from steadydesk.records.views.dashboard import dashboard
from steadydesk.records.views.dashboard_reads import Extent
from steadydesk.records.views.visibility import Viewer, sight_of

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
    "running processes": (OPERATOR, "/operations/processes"),
}
_DAYS = 30


async def measure(small: Scene, large: Scene, sizes: Sizes) -> list[Measure]:
    """p95 in milliseconds of a page until its last byte, large beside small."""
    cookies = [{who: await _cookie(on, who) for who, _ in _PAGES.values()} for on in (small, large)]
    found = [
        await compared(
            f"page: {name}", (_get(small, path, cookies[0][who]), _get(large, path, cookies[1][who])), sizes
        )
        for name, (who, path) in _PAGES.items()
    ]
    return [*found, await _counted_anew(small, large, sizes)]


async def _counted_anew(small: Scene, large: Scene, sizes: Sizes) -> Measure:
    """What the first page in a minute waits for: the figures of a dashboard, which the pages above find kept."""
    times = [
        median([await p95(_count(on), max(3, sizes.reads // 5)) for _ in range(sizes.rounds)])
        for on in (small, large)
    ]
    few, many = sizes.records
    return told(
        f"dashboard counted anew over {_DAYS} days, p95 ms at {many:,} records, beside {few:,}",
        times[1],
        times[0],
    )


def _count(on: Scene) -> Read:
    async def read() -> None:
        now = datetime.now(UTC)
        async with on.engine.connect() as connection:
            who = await standing(connection, on.people[PROCESS_OWNER], now)
            assert who is not None
            sight = await sight_of(connection, Viewer.of(who, now))
            period = last_days(_DAYS, now.date(), who.person.zone)
            found = await dashboard(connection, Extent(sight, period), now)
        if not found.delivered.count:
            raise RuntimeError("the dashboard of the process owner counts nothing")

    return read


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
