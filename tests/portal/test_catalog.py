"""The catalogue: what is offered to whom, and in which words; what pickers offer."""

import pytest

from api.portal.item_page import orderable
from api.security import Caller
from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.contracts.catalog import Entitlement
from steadydesk.contracts.identity import EVERY_OWN_SCOPE
from steadydesk.records.directory_standing import standing_by_name
from steadydesk.records.organisation import in_force
from tests.portal.orders import fill
from tests.portal.visitors import statements, tags, visitor
from tests.support.api_desk import ApiDesk


async def test_the_catalogue_shows_what_can_be_ordered_by_function_category_and_words(
    portal: ApiDesk,
) -> None:
    async with visitor(portal, "rita.requester") as rita:
        everything = await rita.page("/catalog")
        assert "New laptop" in everything
        assert "€1,400.00" in everything
        assert "5 working days" in everything
        only_it = await rita.page("/catalog?function=it&category=hardware")
        assert "New laptop" in only_it
        assert "VPN access" not in only_it
        found = await rita.page("/catalog?q=room+quay")
        assert "Nothing in the catalogue fits" in found
        assert "Meeting room set-up" in await rita.page("/catalog?q=ROOM+need")


async def test_an_item_says_its_terms_and_who_approves(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        laptop = await rita.page("/catalog/new-laptop")
        assert "for you Mona" in laptop
        assert "the group “Budget owners”" in laptop
        assert "depends on your answers" not in laptop, "its price is above the limit, whatever is answered"
        assert "depends on your answers" in await rita.page("/catalog/application-access")
        assert "depends on your answers" in await rita.page("/catalog/expense-payment")
        assert "on behalf of" not in laptop
        assert sum(tag == "h1" for tag, _ in tags(laptop)) == 1
        vpn = await rita.page("/catalog/vpn-access")
        assert "IT management did so in advance" in vpn
        payment = await rita.page("/catalog/expense-payment")
        assert "Confidential" in payment
        assert "DE02120300000000202051" not in payment


async def test_what_is_not_for_the_reader_looks_like_what_is_not_there(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita, visitor(portal, "hanna.hr") as hanna:
        assert "/catalog/leaver" in await hanna.page("/catalog")
        assert "/catalog/leaver" not in await rita.page("/catalog")
        missing, hidden = await rita.open("/catalog/no-such"), await rita.open("/catalog/leaver")
        assert missing.status_code == hidden.status_code == 404
        assert (await rita.open("/suggest/items?q=leave")).json() == []
        await rita.page("/catalog/vpn-access")
        assert (await rita.send("/catalog/leaver", quantity="1", once="k")).status_code == 404


async def test_an_item_whose_rule_leaves_somebody_out_is_not_offered_to_them(portal: ApiDesk) -> None:
    now = portal.services.clock()
    async with portal.services.engine.connect() as connection:
        rita = await standing_by_name(connection, "rita.requester", now)
        assert rita is not None
        method = AuthenticationMethod.TOKEN
        caller = Caller(rita.person, rita, EVERY_OWN_SCOPE, method, None, "test", now, portal.services.clock)
        _, resolved = await in_force(connection)

        async def offered(rule: str, *, for_others: bool) -> bool:
            entitlement = Entitlement(rule=rule, for_others=for_others)
            item = resolved.organisation.catalog["vpn-access"].model_copy(update={"entitlement": entitlement})
            organisation = resolved.organisation.model_copy(update={"catalog": {"vpn-access": item}})
            changed = resolved.model_copy(update={"organisation": organisation})
            return "vpn-access" in await orderable(connection, caller, changed)

        assert await offered("requested_for.user_name == 'rita.requester'", for_others=False)
        assert not await offered("requested_for.user_name == 'ralf.requester'", for_others=False)
        assert await offered("requested_for.user_name == 'ralf.requester'", for_others=True)


async def test_pickers_offer_people_groups_and_items(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        people = (await rita.open("/suggest/people?q=mana")).json()
        assert [one["value"] for one in people] == ["mona.manager"]
        first = (await rita.open("/suggest/people?q=i")).json()
        assert 0 < len(first) <= 10
        assert first[0]["label"].startswith("I")
        assert not [one for one in first if one["value"].endswith(".service")]
        assert (await rita.open("/suggest/people?q=%25")).json() == []
        groups = (await rita.open("/suggest/groups?q=budget")).json()
        assert groups == [{"value": "budget-owners", "label": "Budget owners", "hint": "budget-owners"}]
        items = (await rita.open("/suggest/items?q=lap")).json()
        assert items == [{"value": "New laptop", "label": "New laptop", "hint": ""}]
    async with visitor(portal) as nobody:
        assert (await nobody.client.get("/suggest/people?q=mona")).status_code == 401


@pytest.mark.parametrize("path", ["/catalog", "/catalog/new-laptop", "/catalog/joiner", "/basket"])
async def test_pages_take_five_statements_and_change_nothing(portal: ApiDesk, path: str) -> None:
    async with visitor(portal, "rita.requester") as rita:
        await fill(rita, "new-laptop", {"v.model": "light", "v.holder": "mona.manager"})
        await rita.page(path)
        with statements(portal) as counted:
            await rita.page(path)
        assert counted.count <= 5, "\n\n".join(counted.texts)
        assert not [
            text for text in counted.texts if text.lstrip().startswith(("INSERT", "UPDATE", "DELETE"))
        ]
