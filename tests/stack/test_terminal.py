"""What a start says at its end."""

from steadydesk.stack.addresses import Addresses
from steadydesk.stack.credentials import Credentials
from steadydesk.stack.terminal import summary

HINT = "steadydesk token first-administrator"


def test_only_an_installation_without_demo_users_is_told_how_somebody_gets_in() -> None:
    addresses = Addresses.model_construct(portal="p", api="a", api_docs="d", temporal_ui="t", demo_systems="")
    assert HINT in summary(addresses, None)
    demo = Credentials.model_construct(users=[])
    assert HINT not in summary(addresses, demo)
