"""Files leave by addresses of their own: signed for one person and a minute, blind to cookies, never shown inline."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import update

from api.cookieless import FILES
from api.file_type import ACCEPTED
from api.metrics import PREFIX
from steadydesk.policies.file_link import GOOD_FOR, FileLink, token_of
from steadydesk.policies.signed_text import Purpose, sign_text
from steadydesk.records.tables.text import attachment
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.portal.visitors import HTML, Visitor, statements, visitor
from tests.support.api_desk import KEYRING, ApiDesk, api_desk
from tests.support.visibility_subjects import MORE_PEOPLE

HOST = "files.example"
NAME = 'plan "of" <all>/\r\n.txt'
MEANT = {
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-store",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
async def desk(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ApiDesk]:
    async with api_desk(postgres, "portal_files", tmp_path_factory.mktemp("files"), MORE_PEOPLE) as opened:
        yield opened


@pytest.fixture
async def page(desk: ApiDesk) -> str:
    """The address on the page of a request of Rita's."""
    number = (await desk.order("rita.requester", "vpn-access", device="laptop"))["number"]
    return f"/records/{number}/attachments/{await attach(desk, number, 'rita.requester')}"


async def attach(desk: ApiDesk, number: str, who: str) -> str:
    answer = await desk.client.post(
        f"{PREFIX}/requests/{number}/attachments",
        headers=await desk.headers(who),
        files={"file": (NAME, b"secret words", "text/html")},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def link(browser: Visitor, page: str) -> str:
    answer = await browser.open(page)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def fetched(desk: ApiDesk, address: str, **headers: str) -> httpx2.Response:
    """By somebody of whom nothing is known."""
    return await desk.client.get(address, headers=headers)


async def test_the_link_of_the_page_leads_to_a_download_that_knows_no_cookie(
    desk: ApiDesk, page: str
) -> None:
    async with visitor(desk, "rita.requester") as rita:
        with statements(desk) as counted:
            address = await link(rita, page)
        assert counted.count <= 5, counted.texts
        assert [each for each in counted.texts if "JOIN session" in each]
        assert address.startswith(FILES)
        file = await fetched(desk, address)
        assert (file.status_code, file.text) == (200, "secret words")
        assert file.headers["content-type"] == "text/plain; charset=utf-8"
        assert file.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
        assert not set(file.headers["content-disposition"]) & set('<>"\r\n')
        assert {name: file.headers[name] for name in MEANT} == MEANT
        with statements(desk) as counted:
            own = await rita.client.get(address)
        assert own.text == "secret words"
        assert "set-cookie" not in own.headers
        assert not [each for each in counted.texts if "session" in each]


async def test_cookies_and_tokens_change_nothing(desk: ApiDesk, page: str) -> None:
    """Neither a wrong one, nor one of somebody who may not see it, nor one of who may."""
    async with visitor(desk, "rita.requester") as rita, visitor(desk, "stan.stranger") as stan:
        address = await link(rita, page)
        assert (await stan.client.get(address)).text == "secret words"
        for sent in ({"Cookie": "steadydesk=sds_wrong"}, {"Authorization": "Bearer sdk_wrong"}):
            assert (await fetched(desk, address, **sent)).text == "secret words"
        dead = FILES + token_of(KEYRING, FileLink("att_none", "p_none"), desk.services.clock())
        assert (await rita.client.get(dead)).status_code == 404
        mine = {"Authorization": (await desk.headers("rita.requester"))["Authorization"]}
        assert (await fetched(desk, dead, **mine)).status_code == 404


async def test_whatever_is_wrong_gets_the_same_answer(desk: ApiDesk, page: str) -> None:
    now = desk.services.clock()
    identity, rita = page.rsplit("/", 1)[-1], await desk.person("rita.requester")
    good = token_of(KEYRING, FileLink(identity, rita), now)
    wrong = [
        "x",
        good[:-1],
        good.replace(".", ".A", 1),
        token_of(KEYRING, FileLink(identity, rita), now - GOOD_FOR),
        token_of(KEYRING, FileLink(identity, await desk.person("stan.stranger")), now),
        token_of(KEYRING, FileLink(identity, await desk.person("adam.admin")), now),
        token_of(KEYRING, FileLink(identity, "p_aaaaaaaaaaaa"), now),
        token_of(KEYRING, FileLink("att_none", rita), now),
        sign_text(KEYRING, Purpose.BASKET, f"{identity} {rita} {int(now.timestamp()) + 60}"),
    ]
    answers = [await fetched(desk, FILES + token) for token in wrong]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    for answer in answers:
        assert {name: answer.headers[name] for name in MEANT} == MEANT
        assert answer.headers["content-type"].startswith("text/plain")
    german = await fetched(desk, f"{FILES}x", **{"Accept-Language": "de"})
    assert "Diese Datei gibt es nicht" in german.text
    assert (await fetched(desk, FILES + good)).status_code == 200


async def test_a_link_ends_after_its_minute(desk: ApiDesk, page: str) -> None:
    async with visitor(desk, "rita.requester") as rita:
        address = await link(rita, page)
    desk.services.ahead = GOOD_FOR + timedelta(seconds=1)
    try:
        assert (await fetched(desk, address)).status_code == 404
    finally:
        desk.services.ahead = timedelta()


async def test_a_link_is_dead_as_soon_as_its_person_has_left_or_lost_sight(desk: ApiDesk) -> None:
    number = (await desk.order("ralf.requester", "vpn-access", device="laptop"))["number"]
    path = f"/records/{number}/attachments/{await attach(desk, number, 'ralf.requester')}"
    await desk.post("ralf.requester", f"/requests/{number}/watch", {"person": "stan.stranger"})
    async with visitor(desk, "ralf.requester") as ralf, visitor(desk, "stan.stranger") as stan:
        left, lost = await link(ralf, path), await link(stan, path)
        assert [(await fetched(desk, each)).status_code for each in (left, lost)] == [200, 200]
        await desk.post(
            "ralf.requester", f"/requests/{number}/watch", {"person": "stan.stranger", "watch": False}
        )
        person = await desk.person("ralf.requester")
        await desk.post("ada.admin", f"/people/{person}/deactivate")
        try:
            assert [(await fetched(desk, each)).status_code for each in (left, lost)] == [404, 404]
        finally:
            await desk.post("ada.admin", f"/people/{person}/reactivate")


async def test_only_who_sees_the_record_gets_a_link(desk: ApiDesk, page: str) -> None:
    other = (await desk.order("rita.requester", "vpn-access", device="laptop"))["number"]
    identity = page.rsplit("/", 1)[-1]
    async with visitor(desk, "stan.stranger") as stan, visitor(desk, "rita.requester") as rita:
        assert (await stan.open(page)).status_code == 404
        assert (await rita.open(f"/records/{other}/attachments/{identity}")).status_code == 404
        assert (await rita.open(page.replace(identity, "att_none"))).status_code == 404
    nobody = await desk.client.get(page, headers=HTML)
    assert nobody.headers["location"].startswith("/sign-in?next=")


async def test_a_row_that_says_markup_is_not_believed(desk: ApiDesk, page: str) -> None:
    assert not {"text/html", "image/svg+xml", "text/xml", "application/xhtml+xml"} & ACCEPTED
    async with desk.services.engine.begin() as connection:
        changed = update(attachment).where(attachment.c.id == page.rsplit("/", 1)[-1])
        await connection.execute(changed.values(media_type="text/html"))
    async with visitor(desk, "rita.requester") as rita:
        file = await fetched(desk, await link(rita, page))
    assert file.headers["content-type"] == "application/octet-stream"


async def test_on_a_host_of_their_own_there_are_files_and_nothing_else(
    desk: ApiDesk, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.services.settings, "files_url", f"https://{HOST}")
    monkeypatch.setattr(desk.app, "middleware_stack", None)
    async with visitor(desk, "rita.requester") as rita:
        address = urlsplit(await link(rita, page))
        assert f"{address.scheme}://{address.netloc}" == f"https://{HOST}"
        assert (await fetched(desk, address.path, Host=HOST)).text == "secret words"
        for path in ("/", "/sign-in", "/livez", f"{PREFIX}/requests", page):
            assert (await rita.client.get(path, headers=HTML | {"Host": HOST})).status_code == 404, path
            assert (await rita.client.get(path, headers=HTML)).status_code != 404, path
    monkeypatch.undo()
    desk.app.middleware_stack = None
