"""Metrics and the page of the API: who may look, and that neither says anything of a record."""

from html.parser import HTMLParser

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from steadydesk.contracts.audit_views import SecurityEventKind as Kind
from steadydesk.records.security import note_security_event
from tests.support.api_desk import ApiDesk


def near(desk: ApiDesk, address: str = "127.0.0.1") -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(desk.app, client=(address, 1234))
    return httpx2.AsyncClient(transport=transport, base_url="http://test")


async def samples(desk: ApiDesk) -> dict[tuple[str, ...], float]:
    async with near(desk) as client:
        response = await client.get("/metrics")
    assert response.status_code == 200, response.text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families(response.text)
        for sample in family.samples
    }


async def test_requests_are_counted_by_pattern_and_status(desk: ApiDesk) -> None:
    before = await samples(desk)
    await desk.get("rita.requester", "/requests")
    await desk.call("rita.requester", "GET", "/records/REQ0000042")
    await desk.call("rita.requester", "GET", "/nowhere/secret-word")
    after = await samples(desk)
    name = "steadydesk_http_requests_total"
    for labels in (
        ("GET", "/api/v1/requests", "200"),
        ("GET", "/api/v1/records/{number}", "404"),
        ("unknown", "unknown", "404"),
    ):
        assert after[name, *labels] == before.get((name, *labels), 0) + 1, labels
    assert "secret-word" not in str(after)
    assert "42" not in {part for key in after for part in key}


async def test_figures_of_the_database(desk: ApiDesk) -> None:
    before = await samples(desk)
    await desk.order("rita.requester", "new-laptop", model="light")
    async with desk.services.engine.begin() as connection:
        for kind in (Kind.FORGED_UPDATE, Kind.FORGED_SIGNAL, Kind.BREAK_GLASS):
            await note_security_event(connection, kind, "REQ0000001", desk.services.clock())
    after = await samples(desk)
    assert after["steadydesk_outbox_waiting",] > before["steadydesk_outbox_waiting",]
    assert after["steadydesk_forged_commands_total",] == 2
    assert after["steadydesk_security_events_total", "break-glass"] == 1
    assert after["steadydesk_dead_letters",] == after["steadydesk_breakers_open",] == 0


@pytest.mark.parametrize("address", ["192.0.2.1", "", "10.0.0.1"])
async def test_from_elsewhere_only_operators(desk: ApiDesk, address: str) -> None:
    async with near(desk, address) as client:
        assert (await client.get("/metrics")).status_code == 401
        for who, status in (("rita.requester", 403), ("olga.operator", 200)):
            response = await client.get("/metrics", headers=await desk.headers(who))
            assert response.status_code == status


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Forwarded-Host"])
async def test_what_a_proxy_on_this_machine_hands_on_is_from_elsewhere(desk: ApiDesk, header: str) -> None:
    async with near(desk) as client:
        assert (await client.get("/metrics", headers={header: "127.0.0.1"})).status_code == 401


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        found = dict(attrs)
        self.ids.add(found.get("id") or "")
        self.links += [value for name in ("href", "src") if (value := found.get(name))]


async def test_the_page_has_every_route_and_loads_nothing(desk: ApiDesk) -> None:
    response = await desk.client.get("/docs")
    page = Page()
    page.feed(response.text)
    document = (await desk.client.get("/api/v1/openapi.json")).json()
    ids = {
        operation["operationId"] for methods in document["paths"].values() for operation in methods.values()
    }
    assert ids <= page.ids
    assert not page.tags & {"script", "link", "img", "iframe"}
    assert set(page.links) == {"/problems", "/api/v1/openapi.json"}
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
