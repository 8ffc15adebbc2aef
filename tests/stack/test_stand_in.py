"""What stands in for the systems of the demo: answers as the demo's connectors expect, once per key, on loopback."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from standardwebhooks import Webhook

from steadydesk.contracts.organisation import Organisation
from steadydesk.stack.parts import demo_secrets
from steadydesk.stack.stand_in.secrets import CLOUD_TOKEN, MONITORING_SIGNATURE
from steadydesk.stack.stand_in.server import server
from steadydesk.stack.stand_in.systems import Systems
from tests.support.demo_organisation import demo_organisation

ORGANISATION: Organisation = demo_organisation()
SECRETS = demo_secrets()
MEMBER = "/groups/vpn/members/rita.requester"
AT = "2026-11-23T09:00:00Z"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx2.Client]:
    opened = server(0, Systems(tmp_path / "asked.jsonl"), SECRETS)
    thread = threading.Thread(target=opened.serve_forever, args=(0.02,))
    thread.start()
    with httpx2.Client(base_url=f"http://127.0.0.1:{opened.server_port}") as client:
        yield client
    opened.shutdown()
    opened.server_close()
    thread.join()


def call(
    client: httpx2.Client, method: str, path: str, key: str = "k", body: object = None
) -> httpx2.Response:
    return client.request(method, path, headers={"Idempotency-Key": key}, json=body)


def test_the_same_key_is_answered_as_before_and_done_once(client: httpx2.Client) -> None:
    assert call(client, "GET", MEMBER).status_code == 404
    for _ in range(2):
        assert call(client, "PUT", MEMBER, "a", {"level": "laptop"}).status_code == 201
    assert call(client, "GET", MEMBER).json() == {"level": "laptop"}
    assert call(client, "DELETE", MEMBER, "b").status_code == 204
    assert call(client, "PUT", MEMBER, "a", {"level": "laptop"}).status_code == 201
    assert call(client, "GET", MEMBER).status_code == 404, "a repeat does not do it again"
    assert call(client, "PUT", MEMBER, "a", {"level": "phone"}).status_code == 422
    assert client.put(MEMBER, json={}).status_code == 400


def test_it_answers_every_http_operation_of_the_demo(client: httpx2.Client) -> None:
    """Each operation's own `success` takes the answer; places in paths are filled with one word."""
    asked = 0
    for name, connector in ORGANISATION.connectors.items():
        operations = connector.config.get("operations", {}) if connector.kind == "http" else {}
        for key, operation in operations.items():
            path = "/".join("x" if part.startswith("{") else part for part in operation["path"].split("/"))
            headers = {"Idempotency-Key": f"{name}:{key}"}
            if "auth" in connector.config:
                headers["Authorization"] = f"Bearer {SECRETS[CLOUD_TOKEN]}"
            answer = client.request(operation["method"], path, headers=headers)
            assert answer.status_code in operation.get("success", [200, 201, 202, 204]), (name, key)
            asked += 1
    assert asked >= 11


def test_one_group_refuses_so_that_a_failure_can_be_seen(client: httpx2.Client) -> None:
    assert call(client, "PUT", "/groups/design-archive/members/rita.requester").status_code == 423
    assert call(client, "GET", "/groups/design-archive/members/rita.requester").status_code == 404


def test_the_cloud_wants_its_token_and_the_monitoring_its_signature(client: httpx2.Client) -> None:
    assert call(client, "PUT", "/machines/m1", "a", {"size": "small"}).status_code == 401
    headers = {"Idempotency-Key": "a", "Authorization": f"Bearer {SECRETS[CLOUD_TOKEN]}"}
    made = client.put("/machines/m1", json={"size": "small"}, headers=headers)
    assert made.json() == {"size": "small", "state": "running"}
    body, now = json.dumps({"type": "machine.created"}), datetime.now(UTC)
    signed = {"webhook-id": "w", "webhook-timestamp": str(int(now.timestamp()))}
    good = Webhook(SECRETS[MONITORING_SIGNATURE]).sign("w", now, body)
    for signature, status in ((good, 204), ("v1,AAAA", 401)):
        headers = signed | {"webhook-signature": signature}
        assert client.post("/hooks/monitoring", content=body, headers=headers).status_code == status


def test_the_page_shows_what_is_held_and_asked_and_escapes_it(client: httpx2.Client) -> None:
    assert "Nothing yet." in client.get("/").text
    call(client, "PUT", MEMBER, "<i>key</i>", {"level": "<script>alert(1)</script>"})
    text = client.get("/").text
    assert MEMBER in text
    assert "&lt;i&gt;key" in text
    assert "<script" not in text


def test_no_other_name_leads_to_it_and_nothing_large_is_read(client: httpx2.Client) -> None:
    assert client.get("/", headers={"Host": "demo.example"}).status_code == 421
    assert client.put(MEMBER, content=b"x" * 1_000_001).status_code == 413


def test_the_next_start_goes_on_from_what_was_kept(tmp_path: Path) -> None:
    kept = tmp_path / "asked.jsonl"
    first = Systems(kept)
    first.change("PUT", MEMBER, "a", {"level": "laptop"}, AT)
    first.change("PUT", "/nowhere", "b", None, AT)
    with kept.open("a") as file:
        file.write('\n{"at": "2026-11-23T09:0')  # the power went
    second = Systems(kept)
    assert second.read(MEMBER) == (200, {"level": "laptop"})
    assert list(second.asked) == ["a"]
    second.change("DELETE", MEMBER, "c", None, AT)
    assert Systems(kept).read(MEMBER)[0] == 404
