import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from steadydesk.connectors.errors import BadConfiguration
from steadydesk.connectors.protocol import Connector
from steadydesk.connectors.registry import (
    GROUP,
    SHIPPED,
    ConnectorKind,
    ConnectorRegistry,
    Surroundings,
    load_registry,
)
from steadydesk.egress.guard import EgressGuard

SURROUNDINGS = Surroundings(EgressGuard())
THIRD_PARTY = """
from pydantic import BaseModel, ConfigDict
from steadydesk.connectors.manual import ManualConfiguration, ManualConnector
from steadydesk.connectors.registry import ConnectorKind

class PigeonConfiguration(BaseModel):
    model_config = ConfigDict(extra="forbid")
    loft: str

def release(configuration, surroundings):
    return ManualConnector(ManualConfiguration(instruction=f"Release a pigeon from {configuration.loft}."))

KIND = ConnectorKind("pigeon", PigeonConfiguration, release)
MISNAMED = ConnectorKind("dove", PigeonConfiguration, release)
CLASH = ConnectorKind("http", PigeonConfiguration, release)
"""


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pigeon_post.py").write_text(THIRD_PARTY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pigeon_post", raising=False)


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("http", {"base_url": "https://x.example", "operations": {"a": {"method": "GET", "path": "/"}}}),
        ("smtp", {"host": "mail.example", "domain": "x.example", "sender": {"address": "a@x.example"}}),
        ("webhook", {"url": "https://x.example/", "secrets": ["secret://hook"]}),
        ("manual", {"instruction": "Carry the box."}),
    ],
)
def test_shipped_kinds_are_built_from_configuration(kind: str, values: dict[str, object]) -> None:
    connector = load_registry().build(kind, values, SURROUNDINGS)  # type: ignore[arg-type]
    assert isinstance(connector, Connector)


def test_shipped_kinds_forbid_unknown_keys() -> None:
    assert {kind.name for kind in SHIPPED} == {"http", "smtp", "webhook", "manual"}
    for kind in SHIPPED:
        with pytest.raises(BadConfiguration, match=rf"{kind.name}: .*colour: Extra inputs"):
            load_registry().configuration(kind.name, {"colour": "red"})


def test_every_fault_of_a_configuration_is_told_without_its_value() -> None:
    with pytest.raises(BadConfiguration) as raised:
        load_registry().configuration("webhook", {"url": "ftp://x", "secrets": ["hunter2"]})
    assert "url: " in str(raised.value)
    assert "secrets.0: " in str(raised.value)
    assert "hunter2" not in str(raised.value)


@pytest.mark.usefixtures("third_party")
def test_a_third_party_kind_arrives_by_entry_point() -> None:
    registry = load_registry([point("pigeon", "pigeon_post:KIND")])
    assert isinstance(registry.build("pigeon", {"loft": "north"}, SURROUNDINGS), Connector)
    with pytest.raises(BadConfiguration, match=r"there is no connector kind 'crow'; there are .*'pigeon'"):
        registry.build("crow", {}, SURROUNDINGS)


@pytest.mark.usefixtures("third_party")
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("http", "pigeon_post:CLASH", "two connector kinds are named 'http'"),
        ("pigeon", "pigeon_post:MISNAMED", "no ConnectorKind of that name"),
        ("pigeon", "pigeon_post:release", "no ConnectorKind of that name"),
        ("pigeon", "pigeon_post:NOTHING", "connector kind 'pigeon'"),
        ("pigeon", "no_such_module:KIND", "No module named 'no_such_module'"),
    ],
)
def test_a_bad_entry_point_is_an_error(name: str, value: str, words: str) -> None:
    with pytest.raises(BadConfiguration, match=words):
        load_registry([point(name, value)])


def test_two_packages_cannot_share_a_name() -> None:
    class Nothing(BaseModel):
        model_config = ConfigDict(extra="forbid")

    kind = ConnectorKind(
        "same", Nothing, lambda _configuration, _surroundings: SHIPPED[3].build({}, SURROUNDINGS)
    )
    with pytest.raises(BadConfiguration, match="two connector kinds are named 'same'"):
        ConnectorRegistry([kind, kind])
