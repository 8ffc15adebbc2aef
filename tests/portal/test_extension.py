"""What can no longer be ordered is not extended: refused by the API, and not offered by the portal."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from steadydesk.configuration.resolution import resolve
from steadydesk.contracts.catalog import Lifecycle
from steadydesk.contracts.request_commands import OutcomeKind
from steadydesk.records import configuration
from steadydesk.records.directory_events import Author
from steadydesk.records.tables.process import process as process_table
from steadydesk.records.tables.process import record
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.portal.test_timeline import ACCESS, approve_all, report
from tests.portal.visitors import visitor
from tests.support.api_desk import ApiDesk, api_desk
from tests.support.demo_organisation import TODAY, demo_organisation
from tests.support.refusals import refused as assert_refused

_ITEM = "application-access"
_LATER = {"until": "2031-06-30"}
_OTHERS_RULE = "requested_for.user_name != 'rita.requester'"


@pytest.fixture(scope="module")
async def desk(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ApiDesk]:
    async with api_desk(postgres, "portal_extension", tmp_path_factory.mktemp("extension")) as opened:
        yield opened


@pytest.fixture(scope="module")
async def number(desk: ApiDesk) -> str:
    """A request of Rita's that gave her access, as the item was when everybody could order it."""
    ordered = (await desk.order("rita.requester", _ITEM, **ACCESS))["number"]
    await approve_all(desk, ordered)
    await report(desk, ordered, OutcomeKind.DONE)
    return ordered


async def put_in_force(desk: ApiDesk, **changes: Any) -> None:
    organisation = demo_organisation()
    item = organisation.catalog[_ITEM]
    entitlement = item.entitlement.model_copy(
        update={key: value for key, value in changes.items() if key != "lifecycle"}
    )
    lifecycle = changes.get("lifecycle", item.lifecycle)
    item = item.model_copy(update={"entitlement": entitlement, "lifecycle": lifecycle})
    wanted = organisation.model_copy(update={"catalog": organisation.catalog | {_ITEM: item}})
    author = Author(await desk.person("ada.admin"), datetime.now(UTC))
    async with desk.services.engine.begin() as connection:
        await configuration.propose(connection, resolve(wanted, TODAY), str(changes), author)


@pytest.mark.parametrize(
    ("changes", "status", "refusal", "words"),
    [
        ({"lifecycle": Lifecycle.RETIRED}, 422, "unknown-item", "No longer in the catalogue"),
        ({"lifecycle": Lifecycle.DRAFT}, 403, "not-entitled", "Not yours to order"),
        ({"rule": _OTHERS_RULE}, 403, "not-entitled", "Not yours to order"),
        ({"groups": ["finance-administration"]}, 403, "not-entitled", "Not yours to order"),
    ],
)
async def test_what_its_holder_may_not_order_any_more_is_not_extended(
    desk: ApiDesk, number: str, changes: dict[str, Any], status: int, refusal: str, words: str
) -> None:
    path = f"/records/{number}/extend"
    await put_in_force(desk)
    async with visitor(desk, "rita.requester") as rita:
        assert f'href="{path}"' in await rita.page(f"/records/{number}")
        await rita.page(path)
        await put_in_force(desk, **changes)
        assert_refused(
            await desk.call("rita.requester", "POST", f"/requests/{number}/extend", _LATER), status, refusal
        )
        assert f'href="{path}"' not in await rita.page(f"/records/{number}")
        assert words in (await rita.open(path)).text
        await rita.page(f"/records/{number}")
        again = await rita.send(path, **_LATER)
        assert (again.status_code, words in again.text) == (status, True)


async def test_what_somebody_else_may_order_for_its_holder_is_extended_by_them(
    desk: ApiDesk, number: str
) -> None:
    await put_in_force(desk, for_others=False)
    await desk.post("rita.requester", f"/requests/{number}/extend", _LATER)


async def test_what_a_plan_ordered_is_extended_while_the_item_is_there(desk: ApiDesk, number: str) -> None:
    """As the plan by which somebody joins does, it was given without an entitlement."""
    await put_in_force(desk, groups=["finance-administration"])
    async with desk.services.engine.begin() as connection:
        await connection.execute(record.update().where(record.c.number == number).values(parent="REQ0000001"))
        document = process_table.c.document.op("||")({"parent": "REQ0000001"})
        whose = process_table.c.number == number
        await connection.execute(process_table.update().where(whose).values(document=document))
    async with visitor(desk, "rita.requester") as rita:
        assert f'href="/records/{number}/extend"' in await rita.page(f"/records/{number}")
    await desk.post("rita.requester", f"/requests/{number}/extend", {"until": "2031-07-31"})
