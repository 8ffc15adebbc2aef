"""Pages of the portal in a small and in a large database."""

from datetime import UTC, datetime
from statistics import median
from zoneinfo import ZoneInfo

from api.session_cookie import PLAIN
from bench.fill import RARE
from bench.lists import Read, compared, p95
from bench.measure import Measure, told
from bench.scene import APPROVER, OPERATOR, PROCESS_OWNER, REQUESTER, Scene
from bench.sizes import Sizes
from steadydesk.policies.period import last_days
from steadydesk.records.identity_session import open_session
from steadydesk.records.views.dashboard import dashboard
from steadydesk.records.views.dashboard_reads import Extent
from steadydesk.records.views.visibility import Viewer, sight_of

_PAGES = {
    "home of a requester": (REQUESTER, "/"),
    "home of an approver": (APPROVER, "/"),
    "requests of a requester": (REQUESTER, "/requests"),
    "requests that a process owner sees": (PROCESS_OWNER, "/requests?whose=seen&which=all"),
    "requests that an approver with a long past sees": (APPROVER, "/requests?whose=seen&which=all"),
    "approvals of an approver": (APPROVER, "/approvals"),
    "queues of a fulfiller": (PROCESS_OWNER, "/tasks"),
    "catalogue": (REQUESTER, "/catalog"),
    "dashboard of a process owner": (PROCESS_OWNER, "/dashboard"),
    "operations": (OPERATOR, "/operations"),
    "running processes": (OPERATOR, "/operations/processes"),
    "a request": (PROCESS_OWNER, f"/records/REQ{RARE}"),
    "its approval": (PROCESS_OWNER, f"/approvals/REQ{RARE}-G1"),
    "decided approvals": (APPROVER, "/approvals?show=decided"),
    "board of a fulfiller": (PROCESS_OWNER, "/tasks?view=board"),
    "people operations": (PROCESS_OWNER, "/people-operations"),
    "notifications": (REQUESTER, "/notifications"),
    "stuck processes": (OPERATOR, "/operations/stuck"),
    "undelivered messages": (OPERATOR, "/operations/deliveries"),
    "security events": (OPERATOR, "/operations/security"),
    "audit": (OPERATOR, "/operations/audit"),
    "profile": (REQUESTER, "/profile"),
}
_SEEN = "/requests?whose=seen&which=all"
_OF_RARE = f"/records/REQ{RARE}"
_SEARCHES = {
    "search, requester, many found": (REQUESTER, "/search?q=bench", "/records/REQ"),
    "search, requester, none found": (REQUESTER, "/search?q=nothing-like-it", "<h1"),
    "search, process owner, many found": (PROCESS_OWNER, "/search?q=bench", "/records/REQ"),
    "search, process owner, one found": (PROCESS_OWNER, f"/search?q={RARE}", _OF_RARE),
    "search, process owner, an item that nobody ordered": (PROCESS_OWNER, "/search?q=laptop", "/catalog/"),
    "search, process owner, none found": (PROCESS_OWNER, "/search?q=nothing-like-it", "<h1"),
    "requests by a word, requester, many found": (REQUESTER, f"{_SEEN}&q=bench", "/records/REQ"),
    "requests by a word, process owner, many found": (PROCESS_OWNER, f"{_SEEN}&q=bench", "/records/REQ"),
    "requests by a word, process owner, one found": (PROCESS_OWNER, f"{_SEEN}&q=rarity", _OF_RARE),
    "requests by a word, process owner, none found": (PROCESS_OWNER, f"{_SEEN}&q=nothing-like-it", "<h1"),
    "requests by a name, process owner, many found": (PROCESS_OWNER, f"{_SEEN}&q=rita", "/records/REQ"),
    "requests by an item, process owner, one found": (PROCESS_OWNER, f"{_SEEN}&item=bench-rarity", _OF_RARE),
    "requests as they were opened, process owner": (PROCESS_OWNER, f"{_SEEN}&sort=opened", "/records/REQ"),
    "requests as they are promised, process owner": (
        PROCESS_OWNER,
        f"{_SEEN}&sort=expected",
        "/records/REQ",
    ),
    "own requests of a process owner": (PROCESS_OWNER, "/requests", "<h1"),
    "people for a picker": (REQUESTER, "/suggest/people?q=rita", "bench."),
    "items for a picker": (REQUESTER, "/suggest/items?q=bench", "Bench item"),
    "services for a picker": (REQUESTER, "/suggest/configuration-items?q=network", "Platform and network"),
    "catalogue, by a word": (REQUESTER, "/catalog?q=laptop", "/catalog/"),
}
"""With what they show."""
_DAYS = 30


async def measure(small: Scene, large: Scene, sizes: Sizes) -> list[Measure]:
    """p95 in milliseconds of a page until its last byte, large beside small."""
    pages = {name: (*page, "<h1") for name, page in _PAGES.items()} | _SEARCHES
    cookies = [
        {who: await _cookie(on, who) for who in {who for who, *_ in pages.values()}} for on in (small, large)
    ]
    found: list[Measure] = []
    for name, (who, path, shown) in pages.items():
        reads = [_get(on, path, of[who], shown) for on, of in zip((small, large), cookies, strict=True)]
        found.append(await compared(f"page: {name}", (reads[0], reads[1]), sizes))
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
            who = await on.standing(connection, PROCESS_OWNER, now)
            sight = await sight_of(connection, Viewer.of(who, now))
            zone = who.person.zone
            period = last_days(_DAYS, now.astimezone(ZoneInfo(zone)).date(), zone)
            found = await dashboard(connection, Extent(sight, period), now)
        if not found.delivered.count:
            raise RuntimeError("the dashboard of the process owner counts nothing")

    return read


async def _cookie(on: Scene, user_name: str) -> str:
    async with on.owner.connect() as connection:
        secret = await open_session(connection, on.people[user_name], "bench", datetime.now(UTC))
    return f"{PLAIN}={secret}"


def _get(on: Scene, path: str, cookie: str, shown: str) -> Read:
    address = on.stack.addresses.portal.rstrip("/") + path

    async def read() -> None:
        answer = await on.http.get(address, headers={"Cookie": cookie, "Accept": "text/html"})
        if answer.status_code != 200 or shown not in answer.text:
            raise RuntimeError(f"{path} answered {answer.status_code}, or without {shown}")

    return read
