"""Schemathesis over the whole description with a valid token: whatever is sent, no answer is a fault of ours."""

from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from requests import Session
from schemathesis import Case, GenerationMode

from api.app import create_app
from tests.support.api_desk import DeskServices
from tests.support.security_desk import Desk, origin_of
from tests.support.stacks import isolated_settings

EXAMPLES, EXAMPLES_IN_FULL = 5, 200
WHO = "ada.admin"
LEFT_OUT = {
    "end_session": "the token of the test would end",
    "import_directory": "a complete directory without people is everybody's leaving",
    "stream_events": "its answer does not end; it has tests of its own",
}


def _described() -> Any:
    """The description of the app as it is, without anything behind it."""
    values: Any = isolated_settings(state_dir=Path("/nonexistent"))
    services: Any = DeskServices(cast(Any, None), values)
    return schemathesis.openapi.from_dict(create_app(services).openapi())


OPERATIONS = {
    found.ok().definition.raw["operationId"]: found.ok() for found in _described().get_all_operations()
}


def test_left_out_are_known() -> None:
    assert set(LEFT_OUT) <= set(OPERATIONS)


@pytest.fixture(scope="module")
async def numbers(desk: Desk) -> dict[str, list[str]]:
    """Real records, so that what is sent gets behind the check of the number."""
    body = {"items": [{"item": "new-laptop", "variables": {"model": "light"}}]}
    view = await desk.call(WHO, "POST", "/requests", body)
    talk = {"items": [{"item": "vpn-access", "variables": {"device": "laptop"}}]}
    other = await desk.client.post("/api/v1/requests", json=talk, headers=desk.headers(WHO))
    found = [view["number"], view["items"][0]["number"]]
    found += [other.json()["number"]] if other.status_code == 201 else []
    view = await desk.call(WHO, "GET", f"/requests/{view['number']}")
    me = await desk.call(WHO, "GET", "/me")
    return {
        "number": found,
        "gate": [gate["id"] for gate in view["approvals"]],
        "key": ["new-laptop", "service-desk"],
        # Somebody else: who fuzzes must not lose their own rights.
        "person_id": [view["approvals"][0]["approvers"][0]["person"]["id"]],
        "me": [me["person"]["id"]],
    }


@pytest.mark.proof
@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - set(LEFT_OUT)))
def test_no_answer_is_a_fault(desk: Desk, numbers: dict[str, list[str]], full: bool, name: str) -> None:
    operation = OPERATIONS[name]
    cases = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @settings(
        max_examples=EXAMPLES_IN_FULL if full else EXAMPLES,
        derandomize=not full,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        verbosity=Verbosity.quiet,
    )
    @given(case=cases, real=st.booleans(), choice=st.integers(0, 2))
    def send(case: Case, real: bool, choice: int) -> None:
        if real:
            for parameter in set(case.path_parameters or {}) & set(numbers):
                known = numbers[parameter]
                case.path_parameters[parameter] = known[choice % len(known)]
        _must_not_fail(case, desk, session)

    with Session() as session:
        send()


_NO_HTTP = "Invalid HTTP request received."
"""What the server says of bytes that are no request, such as a drawn header of other characters than HTTP has."""


def _must_not_fail(case: Case, desk: Desk, session: Session) -> None:
    case.headers.pop("Authorization", None)
    response = case.call(
        base_url=origin_of(desk.stack), session=session, headers=desk.headers(WHO), allow_redirects=False
    )
    assert response.status_code < 500 or (response.status_code == 503 and case.path == "/readyz"), (
        f"{response.status_code} {response.text} to {case.as_curl_command()}"
    )
    if response.text == _NO_HTTP:
        return
    if response.status_code >= 400:
        assert response.headers["content-type"] == ["application/problem+json"], response.text
