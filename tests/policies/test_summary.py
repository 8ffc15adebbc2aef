"""What the Temporal UI's lists and messages say of an order."""

import pytest

from steadydesk.contracts.organisation import Organisation
from steadydesk.policies.summary import items_named, summary_of
from tests.support.demo_organisation import demo


def organisation() -> Organisation:
    found = demo().organisation
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (["key-card"], "Key card"),
        (["key-card", "application-access"], "Key card and 1 more"),
        (["key-card", "application-access", "key-card"], "Key card and 2 more"),
        (["hr-conversation"], "Restricted request"),
        (["key-card", "hr-conversation"], "Restricted request"),
    ],
)
def test_the_first_item_and_how_many_more_unless_one_is_restricted(items: list[str], said: str) -> None:
    assert summary_of(organisation(), items) == said


@pytest.mark.parametrize(
    ("ordered", "said"),
    [
        ([("key-card", 1)], {"en": "Key card", "de": "Schlüsselkarte"}),
        (
            [("key-card", 2), ("application-access", 1)],
            {
                "en": "2 x Key card, Access to an application",
                "de": "2 x Schlüsselkarte, Zugriff auf eine Anwendung",
            },
        ),
    ],
)
def test_all_items_are_named_in_their_languages(ordered: list[tuple[str, int]], said: dict[str, str]) -> None:
    assert items_named(organisation(), ordered) == said
