"""What each answer, or its loss, means for an effect."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from steadydesk.connectors.errors import OutcomeUnknown, Refused, Unavailable
from steadydesk.connectors.protocol import Connector, ConnectorCall, ConnectorResult
from tests.connectors.directory_operations import VALUES
from tests.connectors.remote import Remote, cut, drip, hang, lose, reply

MakeCall = Callable[..., ConnectorCall]


@pytest.mark.parametrize(
    ("operation", "status", "expected"),
    [
        ("fire", 202, OutcomeUnknown),
        ("fire", 302, Refused),
        ("fire", 400, Refused),
        ("fire", 401, Refused),
        ("fire", 409, Refused),
        ("fire", 422, Refused),
        ("fire", 408, Unavailable),
        ("fire", 425, Unavailable),
        ("fire", 429, Unavailable),
        ("fire", 503, Unavailable),
        ("fire", 500, OutcomeUnknown),
        ("fire", 502, OutcomeUnknown),
        ("fire", 504, OutcomeUnknown),
        ("fire", 501, Refused),
        ("put", 500, Unavailable),
        ("put", 504, Unavailable),
        ("put", 409, Unavailable),
        ("put", 202, OutcomeUnknown),
        ("put", 404, Refused),
    ],
)
async def test_what_a_status_means(
    operation: str,
    status: int,
    expected: type[Exception],
    connector: Connector,
    remote: Remote,
    call: MakeCall,
) -> None:
    remote.answers = [reply(status, b"what anna wrote", {"Retry-After": "7"})]
    with pytest.raises(expected) as raised:
        await connector.perform(call(operation))
    error = raised.value
    assert "anna" not in str(error) + repr(error)
    assert getattr(error, "status", None) == status
    if isinstance(error, Unavailable):
        assert error.retry_after == timedelta(seconds=7)
    if status >= 400:
        assert getattr(error, "detail", None) == "what anna wrote"


# What is sent must fit in also where the whole machine is busy with other tests.
SHORT = 1.0


@pytest.mark.parametrize("answer", [lose, hang])
async def test_lost_answers(answer: Any, connector: Connector, remote: Remote, call: MakeCall) -> None:
    remote.answers = [answer]
    with pytest.raises(OutcomeUnknown) as unknown:
        await connector.perform(call("fire", seconds=SHORT))
    assert unknown.value.ask_after is None
    with pytest.raises(OutcomeUnknown) as askable:
        await connector.perform(call("grant", VALUES, seconds=SHORT))
    assert askable.value.ask_after == timedelta(seconds=5)
    with pytest.raises(Unavailable):
        await connector.perform(call("put", seconds=SHORT))


@pytest.mark.parametrize(
    "answer",
    [
        reply(200),
        reply(200, b"no json"),
        reply(200, b'{"id": null}'),
        reply(200, b'{"id": NaN}'),
        reply(200, b"[" * 9000),
    ],
)
async def test_done_without_readable_outputs_is_unknown(
    answer: Any, connector: Connector, remote: Remote, call: MakeCall
) -> None:
    remote.answers = [answer]
    with pytest.raises(OutcomeUnknown, match="without a readable membership"):
        await connector.perform(call("grant", VALUES))


async def test_broken_bodies(connector: Connector, remote: Remote, call: MakeCall) -> None:
    remote.answers = [
        cut(200, b'{"id": "m-1"}'),
        cut(200, b'{"id": 1}'),
        drip(200, b"x" * 4000, 0),
        drip(200, b"x", 0.05),
    ]
    with pytest.raises(OutcomeUnknown):
        await connector.perform(call("grant", VALUES))
    with pytest.raises(Unavailable):
        await connector.perform(call("put"))
    # Where no output is wanted, the status is the answer and the body does not matter.
    assert await connector.perform(call("fire")) == ConnectorResult()
    assert await connector.perform(call("fire", seconds=SHORT)) == ConnectorResult()
