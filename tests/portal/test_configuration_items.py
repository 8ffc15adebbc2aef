"""What a field for a configuration item offers: services that its reader may know of; what else is typed is as good."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from steadydesk.configuration.resolution import resolve
from steadydesk.contracts.base import Key
from steadydesk.contracts.catalog import Entitlement
from steadydesk.contracts.organisation import Organisation, Service
from steadydesk.records import configuration
from steadydesk.records.directory_events import Author
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.portal.orders import fill
from tests.portal.visitors import Visitor, statements, tags, visitor
from tests.support.api_desk import ApiDesk, api_desk
from tests.support.demo_organisation import TODAY, demo_organisation

MACHINE = {"v.name": "runner-8", "v.size": "small", "v.system": "debian", "v.monitored": "true"}
PLATFORM = {"value": "Platform and network", "label": "Platform and network", "hint": "platform"}
QUIET = "Quiet merger"


def larger() -> Organisation:
    """The demo with a dozen services more, and one of which nobody but the managers of finance has an item."""
    organisation = demo_organisation()
    like = organisation.services["payments"]
    more: dict[Key, Service] = {
        f"store-{at}": like.model_copy(update={"label": f"Store {at}"}) for at in range(1, 13)
    }
    merger = {"merger": like.model_copy(update={"label": QUIET})}
    item = organisation.catalog["expense-payment"].model_copy(
        update={"service": "merger", "entitlement": Entitlement(groups=["finance-management"])}
    )
    return organisation.model_copy(
        update={
            "services": organisation.services | more | merger,
            "catalog": organisation.catalog | {"merger-payment": item},
        }
    )


@pytest.fixture(scope="module")
async def desk(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ApiDesk]:
    async with api_desk(postgres, "portal_services", tmp_path_factory.mktemp("services")) as opened:
        author = Author(await opened.person("ada.admin"), datetime.now(UTC))
        async with opened.services.engine.begin() as connection:
            await configuration.propose(connection, resolve(larger(), TODAY), "more services", author)
        yield opened


async def offered(browser: Visitor, typed: str) -> list[dict[str, str]]:
    answer = await browser.open(f"/suggest/configuration-items?q={typed}")
    assert answer.status_code == 200
    return answer.json()


async def test_services_are_found_by_name_in_the_readers_language_and_by_key(desk: ApiDesk) -> None:
    async with visitor(desk, "rita.requester") as rita, visitor(desk, "ralf.requester") as ralf:
        assert await offered(rita, "NETWORK") == [PLATFORM]
        assert await offered(rita, "platform") == [PLATFORM]
        assert await offered(rita, "netz") == []
        german = {"value": "Plattform und Netz", "label": "Plattform und Netz", "hint": "platform"}
        assert await offered(ralf, "netz") == [german]
        assert await offered(ralf, "platform") == [german]
        assert [one["label"] for one in await offered(rita, "em")] == ["Employment"]
        assert [one["hint"] for one in await offered(rita, "p")][:2] == ["payments", "platform"]
        assert await offered(rita, "%25") == []


async def test_at_most_ten_services_are_offered(desk: ApiDesk) -> None:
    async with visitor(desk, "rita.requester") as rita:
        for typed in ("store", ""):
            assert len(await offered(rita, typed)) == 10
        assert (await rita.open(f"/suggest/configuration-items?q={'x' * 101}")).status_code == 422


async def test_a_service_whose_items_are_hidden_from_the_reader_is_hidden_too(desk: ApiDesk) -> None:
    async with visitor(desk, "rita.requester") as rita, visitor(desk, "fiona.finance") as fiona:
        for typed in ("quiet", "merger"):
            assert await offered(rita, typed) == []
            assert [one["label"] for one in await offered(fiona, typed)] == [QUIET]
        assert QUIET not in await rita.page("/catalog/virtual-machine")


async def test_nothing_is_offered_without_sign_in(desk: ApiDesk) -> None:
    async with visitor(desk) as nobody:
        answer = await nobody.client.get("/suggest/configuration-items?q=network")
        assert answer.status_code == 401
        assert "Platform" not in answer.text


async def test_services_take_three_statements_and_change_nothing(desk: ApiDesk) -> None:
    async with visitor(desk, "rita.requester") as rita:
        await offered(rita, "network")
        with statements(desk) as counted:
            await offered(rita, "network")
    assert counted.count <= 3, "\n\n".join(counted.texts)
    assert not [text for text in counted.texts if text.lstrip().startswith(("INSERT", "UPDATE", "DELETE"))]


async def test_the_field_is_a_plain_one_that_takes_whatever_is_typed(desk: ApiDesk) -> None:
    async with visitor(desk, "rita.requester") as rita:
        page = tags(await rita.page("/catalog/virtual-machine"))
        field = next(of for tag, of in page if tag == "input" and of.get("name") == "v.service")
        assert (field["type"], field["data-suggest"]) == ("text", "configuration-items")
        assert (
            await fill(rita, "virtual-machine", MACHINE | {"v.service": "Printer 4, quay"})
        ).status_code == 303
        assert "Printer 4, quay" in await rita.page("/basket")
