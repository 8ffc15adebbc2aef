"""An item whose pre-approval has ended: marked in the catalogue, and refused whichever way it is ordered."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest

from steadydesk.configuration.resolution import resolve
from steadydesk.contracts.catalog import PreApproval
from steadydesk.contracts.configuration import ResolvedOrganisation
from steadydesk.records import configuration
from steadydesk.records.directory_events import Author
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.portal.orders import entries, fill, once
from tests.portal.visitors import visitor
from tests.support.api_desk import ApiDesk, api_desk
from tests.support.demo_organisation import TODAY, demo_organisation

ENDED = PreApproval(by="it-management", until=date(2026, 1, 31))


def lapsed() -> ResolvedOrganisation:
    organisation = demo_organisation()
    item = organisation.catalog["vpn-access"].model_copy(update={"pre_approved": ENDED})
    catalog = organisation.catalog | {"vpn-access": item}
    return resolve(organisation.model_copy(update={"catalog": catalog}), TODAY)


@pytest.fixture(scope="module")
async def desk(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ApiDesk]:
    async with api_desk(postgres, "portal_pre_approval", tmp_path_factory.mktemp("advance")) as opened:
        author = Author(await opened.person("ada.admin"), datetime.now(UTC))
        async with opened.services.engine.begin() as connection:
            await configuration.propose(connection, lapsed(), "as time goes by", author)
        yield opened


async def test_the_api_marks_the_item_and_refuses_the_order(desk: ApiDesk) -> None:
    shown = await desk.get("rita.requester", "/catalog/items/vpn-access")
    assert (shown["orderable"], shown["pre_approved_until"]) == (False, "2026-01-31")
    body = {"items": [{"item": "vpn-access", "variables": {"device": "laptop"}}]}
    refused = await desk.call("rita.requester", "POST", "/requests", body)
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["type"].endswith("/problems/pre-approval-ended")
    assert "'vpn-access' by it-management ended on 2026-01-31" in problem["detail"]
    assert problem["pointer"] == "/items/0/item"
    others = (await desk.get("rita.requester", "/catalog/items"))["items"]
    assert {one["key"] for one in others if not one["orderable"]} == {"vpn-access"}


@pytest.mark.parametrize(
    ("who", "mark", "title"),
    [
        ("rita.requester", "Not orderable at present", "Pre-approval ended"),
        ("ralf.requester", "Zurzeit nicht bestellbar", "Vorab-Genehmigung abgelaufen"),
    ],
)
async def test_the_portal_marks_the_item_and_says_why_it_is_refused(
    desk: ApiDesk, who: str, mark: str, title: str
) -> None:
    async with visitor(desk, who) as browser:
        assert mark in await browser.page("/catalog?function=it")
        assert mark in await browser.page("/catalog/vpn-access")
        await fill(browser, "vpn-access", {"v.device": "laptop"})
        basket = await browser.page("/basket")
        assert mark in basket
        answer = await browser.send("/basket", once=once(basket, "basket"), entry=entries(basket))
        assert answer.status_code == 409
        assert title in answer.text
