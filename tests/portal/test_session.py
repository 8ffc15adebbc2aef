"""Sessions: new at sign-in and when rights change, ended for good, throttled; and what their pages tell browsers."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from api.portal.words import languages, preferred
from api.session_cookie import PLAIN, set_cookie
from steadydesk.errors import NotSignedIn, UnknownRecord
from steadydesk.records.directory_events import installation
from steadydesk.records.directory_groups import add_member
from steadydesk.records.identity_session import end_one, end_others, find_session, list_sessions
from tests.portal.visitors import PASSWORD, give_password, visitor
from tests.support.api_desk import ApiDesk
from tests.support.stacks import REPOSITORY, isolated_settings


async def test_sign_in_leads_to_the_page_that_was_asked_for(portal: ApiDesk) -> None:
    await give_password(portal, "rita.requester")
    async with visitor(portal) as rita:
        sent = await rita.open("/requests?whose=for_me")
        assert sent.status_code == 303
        assert sent.headers["location"] == "/sign-in?next=%2Frequests%3Fwhose%3Dfor_me"
        await rita.open(sent.headers["location"])
        entered = await rita.send(
            "/sign-in", user_name="rita.requester", password=PASSWORD, next="/requests?whose=for_me"
        )
        assert entered.headers["location"] == "/requests?whose=for_me"
        assert (await rita.open("/requests")).status_code == 200


async def test_the_language_is_chosen_before_the_sign_in(portal: ApiDesk) -> None:
    async with visitor(portal) as nobody:
        assert (
            '<html lang="de"' in (await nobody.open("/sign-in", **{"Accept-Language": "de-DE,de;q=0.9"})).text
        )
        assert '<html lang="en"' in (await nobody.open("/sign-in?next=%2Frequests")).text
        chosen = await nobody.send("/sign-in/language", language="de", next="/requests")
        assert chosen.headers["location"] == "/sign-in?next=%2Frequests"
        html = await nobody.page(chosen.headers["location"])
        assert '<html lang="de"' in html
        assert 'name="next" value="/requests"' in html
        refused = await nobody.send("/sign-in", user_name="nobody.here", password="not this one")
        assert '<html lang="de"' in refused.text
        foreign = await nobody.send("/sign-in", user_name="nobody.here", origin="https://evil.example")
        assert (foreign.status_code, '<html lang="de"' in foreign.text) == (403, True)
        unknown = await nobody.send("/sign-in/language", language="xx")
        assert "steadydesk-language" not in unknown.headers.get("set-cookie", "")


async def test_a_session_that_was_planted_is_not_taken_over(portal: ApiDesk) -> None:
    await give_password(portal, "rita.requester")
    async with visitor(portal) as rita, visitor(portal, "ralf.requester") as thief:
        planted = thief.client.cookies[PLAIN]
        rita.client.cookies.set(PLAIN, planted)
        rita.last = await rita.client.get("/", headers={"Accept": "text/html"})
        answer = await rita.send("/sign-in", user_name="rita.requester", password=PASSWORD)
        assert answer.status_code == 303, answer.text
        fresh = answer.headers.get_list("set-cookie")[0]
        assert planted not in fresh
        assert (await thief.open("/")).status_code == 303, "the session that the browser had is over"


async def test_cookies_are_out_of_reach(portal: ApiDesk) -> None:
    await give_password(portal, "rita.requester")
    async with visitor(portal) as rita:
        answer = await rita.sign_in("rita.requester")
        cookie = answer.headers.get_list("set-cookie")[0]
        assert cookie.startswith(f"{PLAIN}=sds_")
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    public = isolated_settings(public_url="https://desk.example")
    assert "Secure" in set_cookie(public, "x", "y")


async def test_sign_out_ends_the_session_on_the_server(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        kept = rita.client.cookies[PLAIN]
        await rita.page("/")
        assert (await rita.send("/sign-out")).status_code == 303
        rita.client.cookies.set(PLAIN, kept)
        assert (await rita.open("/")).status_code == 303


async def test_a_change_of_rights_gives_a_new_id(portal: ApiDesk) -> None:
    async with visitor(portal, "ralf.requester") as ralf:
        await ralf.page("/")
        before = ralf.client.cookies[PLAIN]
        person = await portal.person("ralf.requester")
        async with portal.services.engine.begin() as connection:
            await add_member(connection, "facilities-desk", person, installation(datetime.now(UTC)))
        answer = await ralf.open("/")
        assert answer.status_code == 200
        after = ralf.client.cookies[PLAIN]
        assert after != before
        assert (await ralf.open("/")).status_code == 200
        assert ralf.client.cookies[PLAIN] == after
        async with portal.services.engine.connect() as connection:
            late = datetime.now(UTC) + timedelta(seconds=25)
            assert (await find_session(connection, after, late)).proof.standing.person.id == person
            with pytest.raises(NotSignedIn):
                await find_session(connection, before, late)


async def test_sessions_are_listed_and_ended_one_by_one(portal: ApiDesk) -> None:
    async with visitor(portal, "felix.finance") as one, visitor(portal, "felix.finance") as other:
        person, now = await portal.person("felix.finance"), datetime.now(UTC)
        async with portal.services.engine.begin() as connection:
            found = await list_sessions(connection, person, now)
            assert len(found) >= 2
            assert all(len(each.id) == 18 and "sds_" not in each.id for each in found)
            for whose, identity in (("rita.requester", found[0].id), ("felix.finance", "s_")):
                with pytest.raises(UnknownRecord):
                    await end_one(connection, await portal.person(whose), identity, now)
            assert await list_sessions(connection, person, now) == found
            assert await end_others(connection, person, one.client.cookies[PLAIN], now) >= 1
        assert (await one.open("/")).status_code == 200
        assert (await other.open("/")).status_code == 303


async def test_guesses_are_throttled_with_a_page(portal: ApiDesk) -> None:
    await give_password(portal, "bert.budget")
    async with visitor(portal) as guesser:
        statuses = [(await guesser.sign_in("bert.budget", f"wrong {turn}")).status_code for turn in range(7)]
        assert statuses[0] == 401
        assert statuses[-1] == 429
        answer = await guesser.sign_in("bert.budget")
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0
        assert PASSWORD not in answer.text


async def test_every_page_has_the_strict_policy(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        nonces = set()
        for path in ("/", "/requests", "/search", "/nothing-here", "/records/REQ9999999"):
            answer = await rita.open(path)
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'nonce-")
            assert "unsafe" not in policy
            nonce = policy.split("'nonce-")[1].split("'")[0]
            assert f'nonce="{nonce}"' in answer.text
            assert " style=" not in answer.text
            assert " onclick" not in answer.text
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
            nonces.add(nonce)
        assert len(nonces) == 5


async def test_the_first_visit_is_small(portal: ApiDesk) -> None:
    async with visitor(portal, "rita.requester") as rita:
        home = await rita.open("/")
        total = len(home.content)
        sizes = {}
        paths = {part.split('"')[0].split("#")[0] for part in home.text.split('"/static/')[1:]}
        for path in sorted(paths):
            asset = await rita.client.get(f"/static/{path}")
            assert "immutable" in asset.headers["cache-control"]
            sizes[path.rsplit("/", 1)[-1]] = len(asset.content)
            total += len(asset.content)
        assert sizes["portal.css"] <= 30_000
        assert sizes["portal.js"] <= 16_000
        assert total <= 100_000
        wrong = await rita.client.get("/static/000000000000/portal.css")
        assert wrong.status_code == 404


def test_every_language_has_every_text() -> None:
    found = {tag: set(words.texts) for tag, words in languages().items()}
    assert {"en", "de"} <= set(found)
    for tag, keys in found.items():
        assert keys == found["en"], tag


def test_places_in_texts_are_the_same_in_every_language() -> None:
    def places(text: str) -> set[str]:
        return {part.split("}")[0] for part in text.split("{")[1:]}

    english = languages()["en"].texts
    for words in languages().values():
        wrong = {key for key, text in words.texts.items() if places(text) - places(english[key])}
        assert wrong == set(), words.language


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("fr,en;q=0.1", "en"),
        ("", "en"),
        ("en;q=0.1,de;q=0.9", "de"),
        ("de;q=x", "en"),
    ],
)
def test_the_browsers_language_is_taken_before_sign_in(accepted: str, tag: str) -> None:
    assert preferred(accepted) == tag


def test_every_step_that_processes_write_down_has_words() -> None:
    written = {
        name
        for file in (REPOSITORY / "activities").glob("*.py")
        for name in re.findall(r'\.note\(\s*"([a-z.-]+)"', file.read_text(encoding="utf-8"))
    }
    assert len(written) > 50
    assert {name for name in written if not languages()["en"].has(f"event.{name}")} == set()


@pytest.mark.parametrize(
    ("sentence", "english", "german"),
    [
        ("the approval 'Supervisor'", "the approval “Supervisor”", "die Genehmigung „Supervisor“"),
        (
            "an answer for the task 'It's {odd}'",
            "an answer for the task “It's {odd}”",
            "eine Antwort für die Aufgabe „It's {odd}“",
        ),
        ("connector identity", "connector identity", "System identity"),
        ("it counts as refused", "it counts as refused", "sie gilt als abgelehnt"),
        ("nobody translated this", "nobody translated this", "nobody translated this"),
    ],
)
def test_why_it_waits_is_said_in_the_readers_language(sentence: str, english: str, german: str) -> None:
    assert languages()["en"].phrase(sentence) == english
    assert languages()["de"].phrase(sentence) == german
