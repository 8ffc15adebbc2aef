"""The page on connectors says what is true: its examples are built and run."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from steadydesk.connectors import errors
from steadydesk.connectors.errors import ConnectorFault, Unavailable
from steadydesk.connectors.protocol import Connector, ConnectorCall
from steadydesk.connectors.registry import SHIPPED, ConnectorRegistry, Surroundings, load_registry
from steadydesk.connectors.template_language import FILTER_NAMES
from steadydesk.contracts.plan import Step
from steadydesk.egress.guard import EgressGuard
from tests.connectors.remote import Remote, lose, reply

PAGE = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text(encoding="utf-8")


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_every_shipped_kind_has_an_example_that_can_be_built() -> None:
    connectors = YAML(typ="safe").load(examples("yaml")[0])
    assert {entry["kind"] for entry in connectors.values()} == {kind.name for kind in SHIPPED}
    for entry in connectors.values():
        built = load_registry().build(entry["kind"], entry["config"], Surroundings(EgressGuard()))
        assert isinstance(built, Connector)


def test_the_example_of_a_step_by_hand_is_one() -> None:
    [step] = YAML(typ="safe").load(examples("yaml")[1]).values()
    assert Step.model_validate(step).call is not None


async def test_the_example_of_a_new_kind_works(remote: Remote, call: Callable[..., ConnectorCall]) -> None:
    names: dict[str, Any] = {}
    [source] = examples("python")
    exec(compile(source, "connectors.md", "exec"), names)
    registry = ConnectorRegistry([*SHIPPED, names["KIND"]])
    bell = registry.build("bell", {"url": f"{remote.url}/ring"}, Surroundings(EgressGuard(["127.0.0.1"])))
    remote.answers = [lose, reply(204)]
    with pytest.raises(Unavailable):
        await bell.perform(call("ring"))
    await bell.perform(call("ring"))
    assert remote.received[1].headers["idempotency-key"] == "REQ0000001:grant:directory"


def test_every_fault_and_filter_is_on_the_page() -> None:
    faults = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, ConnectorFault)
    ]
    assert [name for name in [*faults, *FILTER_NAMES] if f"`{name}" not in PAGE] == []
