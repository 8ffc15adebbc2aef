import json
from collections.abc import Callable
from typing import Any

import pytest

from steadydesk.connectors.errors import (
    BadConfiguration,
    BadValue,
    NeedsPerson,
)
from steadydesk.connectors.http import HttpConnector
from steadydesk.connectors.http_model import HttpConfiguration
from steadydesk.connectors.protocol import Check, Connector, ConnectorCall, ConnectorResult, Outcome
from steadydesk.egress.exchange import HttpExchange
from tests.connectors.directory_operations import OPERATIONS, VALUES
from tests.connectors.remote import FixedSecrets, Remote, reply

MakeCall = Callable[..., ConnectorCall]


async def test_values_enter_as_segment_query_header_and_json(
    connector: Connector, remote: Remote, call: MakeCall
) -> None:
    remote.answers = [reply(201, b'{"id": "m-1"}')]
    result = await connector.perform(call("grant", VALUES))
    assert (dict(result.outputs), result.external_reference) == ({"membership": "m-1"}, "m-1")
    received = remote.received[0]
    assert received.target == "/api/groups/a%2Fb%20c/members?dry=false&tag=x%26y&tag=z"
    assert received.headers["x-reason"] == "audit"
    assert received.headers["idempotency-key"] == "REQ0000001:grant:directory"
    assert json.loads(received.body) == {
        "person": "anna",
        "note": "$free",
        "until": {"date": None},
        "source": "steadydesk",
    }


async def test_verify_and_undo_use_the_outputs(connector: Connector, remote: Remote, call: MakeCall) -> None:
    result = ConnectorResult({"membership": "m/1"}, "m/1")
    remote.answers = [
        reply(200, b'{"person": "anna"}'),
        reply(200, b'{"person": "bob"}'),
        reply(404),
        reply(204),
    ]
    checks = [(await connector.verify(call("grant", VALUES), result)).check for _ in range(3)]
    assert checks == [Check.HOLDS, Check.FAILS, Check.FAILS]
    await connector.undo(call("grant", VALUES, key="REQ0000001:undo:grant"), result)
    assert [(seen.method, seen.target) for seen in remote.received[2:]] == [
        ("GET", "/api/members/m%2F1"),
        ("DELETE", "/api/members/m%2F1"),
    ]
    assert remote.received[3].headers["idempotency-key"] == "REQ0000001:undo:grant"


async def test_without_a_rule_verify_cannot_tell_and_undo_needs_a_person(
    connector: Connector, remote: Remote, call: MakeCall
) -> None:
    assert (await connector.verify(call("fire"), ConnectorResult())).check is Check.CANNOT_TELL
    assert (await connector.lookup(call("fire"))).outcome is Outcome.CANNOT_TELL
    with pytest.raises(NeedsPerson) as raised:
        await connector.undo(call("fire"), ConnectorResult())
    assert raised.value.instruction == "Take back fire at directory by hand."
    assert remote.received == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (reply(200, b'{"id": "m-1"}'), Outcome.DONE),
        (reply(404, b'{"error": "no"}'), Outcome.NOT_DONE),
        (reply(200, b"{}"), Outcome.CANNOT_TELL),
        (reply(200, b"<html>"), Outcome.CANNOT_TELL),
    ],
)
async def test_lookup_asks_by_key(
    answer: Any, outcome: Outcome, connector: Connector, remote: Remote, call: MakeCall
) -> None:
    remote.answers = [answer]
    found = await connector.lookup(call("grant", VALUES))
    assert found.outcome is outcome
    assert (found.result is not None) == (outcome is Outcome.DONE)
    assert remote.received[0].target == "/api/members/by-key/REQ0000001%3Agrant%3Adirectory"


async def test_a_missing_value_is_named_before_anything_is_sent(
    connector: Connector, remote: Remote, call: MakeCall
) -> None:
    with pytest.raises(BadValue, match=r"\$person: the call does not carry this value"):
        await connector.perform(call("grant", {key: VALUES[key] for key in VALUES if key != "person"}))
    with pytest.raises(BadConfiguration, match="no operation 'delete-all'; there are find, fire"):
        await connector.perform(call("delete-all"))
    assert remote.received == []


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"scheme": "bearer", "secret": "secret://token"}, "authorization", "Bearer s3cret"),
        (
            {"scheme": "basic", "username": "desk", "secret": "secret://token"},
            "authorization",
            "Basic ZGVzazpzM2NyZXQ=",
        ),
        ({"scheme": "header", "header": "X-API-Key", "secret": "secret://token"}, "x-api-key", "s3cret"),
    ],
)
async def test_credentials(
    auth: dict[str, str], header: str, value: str, remote: Remote, exchange: HttpExchange, call: MakeCall
) -> None:
    configuration = HttpConfiguration.model_validate(
        {"base_url": remote.url, "auth": auth, "operations": OPERATIONS}
    )
    request = call("fire", secrets={"secret://token": "s3cret"})
    await HttpConnector(configuration, exchange).perform(request)
    assert remote.received[0].headers[header] == value
    assert isinstance(request.secrets, FixedSecrets)
    assert request.secrets.asked == [("secret://token", "127.0.0.1")]


async def test_a_secret_with_a_line_end_is_refused_without_being_shown(
    remote: Remote, exchange: HttpExchange, call: MakeCall
) -> None:
    auth = {"scheme": "bearer", "secret": "secret://token"}
    configuration = HttpConfiguration.model_validate(
        {"base_url": remote.url, "auth": auth, "operations": OPERATIONS}
    )
    with pytest.raises(BadValue) as raised:
        await HttpConnector(configuration, exchange).perform(
            call("fire", secrets={"secret://token": "s3\r\ncret"})
        )
    assert "s3" not in str(raised.value)
    assert remote.received == []


async def test_a_lookup_without_outputs_of_its_own_uses_those_of_the_effect(
    remote: Remote, exchange: HttpExchange, call: MakeCall
) -> None:
    bare = {key: value for key, value in OPERATIONS["find"].items() if key not in ("outputs", "reference")}
    given = {"base_url": remote.url, "operations": {**OPERATIONS, "find": bare}}
    connector = HttpConnector(HttpConfiguration.model_validate(given), exchange)
    remote.answers = [reply(200, b'{"id": "m-1"}')]
    found = await connector.lookup(call("grant", VALUES))
    assert found.result == ConnectorResult({"membership": "m-1"}, "m-1")
    given["operations"]["grant"] = {**OPERATIONS["grant"], "outputs": {"membership": "missing"}, "undo": None}
    broken = HttpConnector(HttpConfiguration.model_validate(given), exchange)
    assert (await broken.lookup(call("grant", VALUES))).outcome is Outcome.CANNOT_TELL


def test_facts(connector: Connector) -> None:
    facts = connector.facts("grant")
    assert facts.inputs == {"group", "tags", "reason", "person", "until"}
    assert facts.outputs == {"membership"}
    assert (facts.undo, facts.verifies, facts.answers_lookup, facts.effects) == ("revoke", True, True, True)
    read = connector.facts("read")
    assert (read.undo, read.verifies, read.answers_lookup, read.effects) == (None, False, False, False)
