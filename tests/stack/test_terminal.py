"""What a start says at its end."""

from pathlib import Path

import pytest

from steadydesk.stack.addresses import Addresses, addresses_of
from steadydesk.stack.credentials import Credentials
from steadydesk.stack.terminal import summary
from tests.support.stacks import stack_settings

HINT = "steadydesk token first-administrator"


def test_only_an_installation_without_demo_users_is_told_how_somebody_gets_in() -> None:
    addresses = Addresses.model_construct(portal="p", api="a", api_docs="d", temporal_ui="t", demo_systems="")
    assert HINT in summary(addresses, None)
    demo = Credentials.model_construct(users=[])
    assert HINT not in summary(addresses, demo)


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({}, True),
        ({"temporal_address": "temporal.example:7233"}, False),
        ({"temporal_address": "temporal.example:7233", "temporal_ui_url": "https://ui.example"}, True),
    ],
)
def test_the_temporal_ui_is_named_where_one_is_known(
    tmp_path: Path, more: dict[str, str], shown: bool
) -> None:
    settings = stack_settings(tmp_path, database_url="postgresql://a@b/c", **more)
    addresses = addresses_of(settings, None)
    assert (addresses.temporal_ui is not None) == shown
    assert ("Temporal UI" in summary(addresses, None)) == shown
    assert (settings.workflow_link("REQ0000001") is not None) == shown
