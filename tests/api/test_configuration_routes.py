import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from api.routes import configuration
from steadydesk.configuration.install import DEMO
from steadydesk.records.engine import make_engine
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.api import as_person, client_of, directory_app
from tests.support.databases import demo_database

FILES = {
    str(file.relative_to(DEMO)): file.read_text()
    for file in sorted(DEMO.rglob("*.yaml"))
    if file.name != "directory.yaml"
}


class Office:
    """The demo's people at the configuration routes."""

    def __init__(self, client: httpx2.AsyncClient, engine: AsyncEngine) -> None:
        self.client = client
        self.engine = engine

    async def call(self, who: str, method: str, path: str, body: Any = None) -> httpx2.Response:
        headers = await as_person(self.engine, who)
        return await self.client.request(method, f"/api/v1/config/versions{path}", json=body, headers=headers)

    async def propose(self, who: str, files: dict[str, str], why: str = "for the test") -> httpx2.Response:
        return await self.call(who, "POST", "", {"files": files, "why": why})


@pytest.fixture
async def office(postgres: EmbeddedPostgres, tmp_path: Path, request: Any) -> AsyncIterator[Office]:
    url = await demo_database(postgres, re.sub(r"\W", "_", request.node.name)[:50])
    engine = make_engine(url, command_seconds=10)
    async with client_of(directory_app(engine, tmp_path, configuration.router, limit=1_000_000)) as client:
        yield Office(client, engine)
    await engine.dispose()


def changed(old: str, new: str, name: str) -> dict[str, str]:
    assert old in FILES[name]
    return {**FILES, name: FILES[name].replace(old, new, 1)}


async def test_the_owner_of_a_function_changes_its_items_alone(office: Office) -> None:
    files = changed("promise: PT16H", "promise: PT20H", "catalog/it.yaml")
    assert (await office.propose("fiona.finance", files)).status_code == 403
    accepted = await office.propose("ines.itlead", files)
    assert accepted.status_code == 201
    assert accepted.json()["version"]["current"]


async def test_what_functions_share_needs_the_right_for_all(office: Office) -> None:
    files = changed("label:", "label: # shared\n     ", "calendars.yaml")
    files["calendars.yaml"] = FILES["calendars.yaml"].replace("owner: it-management", "owner: hr-management")
    assert files["calendars.yaml"] != FILES["calendars.yaml"]
    assert (await office.propose("ines.itlead", files)).status_code == 403
    assert (await office.propose("ada.admin", files)).status_code == 201


async def test_another_order_of_stages_is_told_and_needs_the_right_for_all(office: Office) -> None:
    text = FILES["approval-policies.yaml"]
    policy = text.index("\n  expense:")
    starts = (
        text.index(f"      {stage}:", policy) for stage in ("administration", "budget-owner", "supervisor")
    )
    begin, later, end = starts
    turned = text[:begin] + text[later:end] + text[begin:later] + text[end:]
    files = {**FILES, "approval-policies.yaml": turned}
    assert (await office.propose("helga.hrlead", files)).status_code == 403
    accepted = await office.propose("ada.admin", files)
    assert accepted.status_code == 201
    path = f"/{accepted.json()['version']['digest']}/difference"
    versions = (await office.call("ada.admin", "GET", "")).json()["items"]
    told = await office.call("ada.admin", "GET", f"{path}?base={versions[-1]['digest']}")
    (moved,) = told.json()
    assert (moved["path"], moved["kind"]) == ("approval_policies.expense.stages", "reordered")
    assert moved["after"].startswith('["budget-owner", "administration"')


async def test_an_error_names_file_line_and_column_and_nothing_is_stored(office: Office) -> None:
    refused = await office.propose(
        "ada.admin", changed("approval: access", "approval: acess", "catalog/it.yaml")
    )
    assert refused.status_code == 422
    (problem,) = refused.json()["problems"]
    assert problem["pointer"] == "/files/catalog~1it.yaml"
    assert re.match(r"\d+:\d+: C101 .*did you mean 'access'", problem["message"])
    versions = await office.call("ada.admin", "GET", "")
    assert [one["serial"] for one in versions.json()["items"]] == [1]


async def test_a_file_cannot_leave_its_folder(office: Office) -> None:
    long = "a" * 251 + ".yaml"
    evil = (
        "../evil.yaml",
        "/etc/evil.yaml",
        "a/../../b.yaml",
        "a/.b.yaml",
        ".a/b.yaml",
        "x.txt",
        "a\\b.yaml",
    )
    for name in (*evil, "a\0.yaml", "a\n.yaml", "a.yaml\n", "a//b.yaml", "~/a.yaml", long, ""):
        assert (await office.propose("ada.admin", {name: "a: b"})).status_code == 422


async def test_a_name_that_is_a_file_and_a_folder_is_refused(office: Office) -> None:
    refused = await office.propose("ada.admin", {"a.yaml": "", "a.yaml/b.yaml": ""})
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/files/a.yaml~1b.yaml")


async def test_files_are_called_as_their_folder_calls_them(office: Office) -> None:
    files = {name if name != "calendars.yaml" else "Kalender v1.yaml": text for name, text in FILES.items()}
    assert (await office.propose("ada.admin", files)).status_code == 201


async def test_a_second_person_puts_it_in_force(office: Office) -> None:
    careful = changed("second_person_applies: false", "second_person_applies: true", "organisation.yaml")
    first = (await office.call("ada.admin", "GET", "")).json()["items"][0]["digest"]
    waiting = (await office.propose("ada.admin", careful)).json()["version"]
    assert not waiting["current"]
    own = await office.call("ada.admin", "POST", f"/{waiting['digest'][:12]}/approve")
    assert own.json()["type"] == "/problems/self-approval"
    difference = await office.call("ada.admin", "GET", f"/{waiting['digest']}/difference")
    assert [one["path"] for one in difference.json()] == ["organisation.second_person_applies"]
    short = await office.call("ada.admin", "GET", f"/{waiting['digest'][:8]}/difference?base={first[:12]}")
    assert short.json() == difference.json()
    other = await office.call("ines.itlead", "POST", f"/{waiting['digest']}/approve")
    assert other.status_code == 403, "one function's owner does not approve for all"


async def test_a_requester_neither_reads_nor_changes_versions(office: Office) -> None:
    assert (await office.call("rita.requester", "GET", "")).status_code == 403
    assert (await office.propose("rita.requester", FILES)).status_code == 403


async def test_a_serial_is_no_digest(office: Office) -> None:
    for digest, status in (("0", 422), ("1", 422), ("-1", 404), ("0x10000000", 404)):
        for method, path in (("GET", ""), ("GET", "/difference"), ("POST", "/approve")):
            answer = await office.call("ada.admin", method, f"/{digest}{path}")
            assert (answer.status_code, digest, path) == (status, digest, path)
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_warning_names_file_line_and_column(office: Office) -> None:
    files = changed("{en: VPN access, de: VPN-Zugang}", "{en: VPN access}", "catalog/it.yaml")
    accepted = await office.propose("ada.admin", files)
    assert accepted.json()["warnings"] == ["catalog/it.yaml:74:11: C802 the text lacks de"]
