from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from steadydesk.connectors import errors
from steadydesk.connectors.errors import BadValue, ConnectorFault, NeedsPerson, Refused, Unavailable
from steadydesk.connectors.manual import ManualConfiguration, ManualConnector
from steadydesk.connectors.protocol import Check, Connector, ConnectorCall, ConnectorResult, Outcome

MakeCall = Callable[..., ConnectorCall]


@pytest.mark.parametrize("key", ["", "a b", "a\r\nb", "\u00e5", "x" * 201])
def test_the_key_fits_a_header(key: str, call: MakeCall) -> None:
    with pytest.raises(BadValue, match="idempotency_key"):
        call("a", key=key)


@pytest.mark.parametrize("seconds", [0, -1, 601])
def test_the_time_out_is_bounded(seconds: float, call: MakeCall) -> None:
    with pytest.raises(BadValue, match="timeout"):
        call("a", seconds=seconds)


def test_values_and_outputs_stay_out_of_repr(call: MakeCall) -> None:
    assert "canary" not in repr(call("a", {"x": "canary"}))
    assert "canary" not in repr(ConnectorResult({"x": "canary"}))


def test_only_unavailable_is_retryable() -> None:
    faults = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, ConnectorFault)
    }
    assert {fault for fault in faults if fault.retryable} == {Unavailable}


def test_the_words_of_a_remote_are_kept_apart_and_short() -> None:
    error = Refused("answered 400", status=400, detail="canary" * 1000)
    assert "canary" not in str(error) + repr(error)
    assert len(error.detail) == 2000


async def test_a_person_does_it(call: MakeCall) -> None:
    connector = ManualConnector(ManualConfiguration(instruction="Carry the box.", undo="Carry it back."))
    assert isinstance(connector, Connector)
    with pytest.raises(NeedsPerson) as raised:
        await connector.perform(call("carry"))
    assert raised.value.instruction == "Carry the box."
    with pytest.raises(NeedsPerson) as undone:
        await connector.undo(call("carry"), ConnectorResult())
    assert undone.value.instruction == "Carry it back."
    assert (await connector.verify(call("carry"), ConnectorResult())).check is Check.CANNOT_TELL
    assert (await connector.lookup(call("carry"))).outcome is Outcome.CANNOT_TELL
    assert connector.facts("anything").inputs is None
    with pytest.raises(NeedsPerson) as taken_back:
        await connector.perform(replace(call("carry"), undoing=True))
    assert taken_back.value.instruction == "Carry it back."
    plain = ManualConnector(ManualConfiguration(instruction="Carry the box."))
    with pytest.raises(NeedsPerson) as implied:
        await plain.undo(call("carry"), ConnectorResult())
    assert implied.value.instruction == {
        "en": "Take back what was done: Carry the box.",
        "de": "Zurücknehmen, was getan wurde: Carry the box.",
    }
    with pytest.raises(ValidationError, match="at most 4000 characters"):
        ManualConfiguration(instruction={"en": "Carry.", "de": "x" * 4001})


def test_time_out_default(call: MakeCall) -> None:
    given = call("a")
    assert ConnectorCall("t", "a", {}, "k", given.secrets).timeout == timedelta(seconds=30)
