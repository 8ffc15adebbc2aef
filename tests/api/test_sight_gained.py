"""Whoever comes to see restricted records by a change of the directory does not do so unseen."""

from typing import Any

import pytest
from sqlalchemy import select

from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.contracts.directory import RoleHolding
from steadydesk.contracts.identity import OidcClaims, OidcMapping
from steadydesk.records.delivery_fanout import fan_out
from steadydesk.records.directory_claims import follow_claims
from steadydesk.records.directory_events import Author
from steadydesk.records.directory_standing import standing_by_name
from steadydesk.records.tables.delivery import in_app, outbox
from tests.support.api_desk import ApiDesk

GROUP = "hr-confidential"


async def told(desk: ApiDesk, whom: str) -> list[tuple[dict[str, str], set[str]]]:
    """What was said of this person's sight, and who has it in their list."""
    async with desk.services.engine.begin() as connection:
        await fan_out(connection, now=desk.services.clock(), limit=1000, mail=False)
        rows = await connection.execute(
            select(outbox)
            .where(outbox.c.event == "sight.gained", outbox.c.number == whom)
            .order_by(outbox.c.seq)
        )
        listed = select(in_app.c.person)
        return [
            (row.facts, set(await connection.scalars(listed.where(in_app.c.outbox_id == row.id))))
            for row in rows.all()
        ]


async def test_an_administrator_does_not_join_a_confidential_group_unseen(desk: ApiDesk) -> None:
    adam = await desk.person("adam.admin")
    path = f"/groups/{GROUP}/members/{adam}"
    for _ in range(2):
        assert (await desk.call("adam.admin", "PUT", path)).status_code == 204
    ((facts, people),) = await told(desk, adam)
    assert (facts["group"], facts["actor"]) == (GROUP, adam)
    assert await desk.person("helga.hrlead") in people
    assert adam not in people
    assert (await desk.call("adam.admin", "DELETE", path)).status_code == 204


async def test_other_groups_are_joined_quietly(desk: ApiDesk) -> None:
    adam = await desk.person("otto.operator")
    assert (await desk.call("adam.admin", "PUT", f"/groups/service-desk/members/{adam}")).status_code == 204
    assert await told(desk, adam) == []


@pytest.mark.parametrize(
    ("mapping", "said", "known", "facts"),
    [
        (
            {"groups": {"idp": GROUP}},
            {"groups": frozenset({GROUP})},
            {"groups": frozenset()},
            {"group": GROUP},
        ),
        (
            {"roles": {"idp": "process_owner@hr"}},
            {"roles": frozenset({RoleHolding.parse("process_owner@hr")})},
            {"roles": frozenset()},
            {"kind": "hr"},
        ),
    ],
)
async def test_what_the_claims_of_a_token_bring_is_told_alike(
    desk: ApiDesk, mapping: Any, said: Any, known: Any, facts: dict[str, str]
) -> None:
    """Nobody here did it, so no actor is named."""
    bert = await desk.person("bert.budget")
    author = Author(bert, desk.services.clock(), AuthenticationMethod.OIDC)
    before = await told(desk, bert)
    for claimed in (said, said, known):
        async with desk.services.engine.begin() as connection:
            standing = await standing_by_name(connection, "bert.budget", author.at)
            assert standing is not None
            claims = OidcClaims(user_name="bert.budget", expires_at=author.at, **claimed)
            await follow_claims(connection, standing, claims, OidcMapping.model_validate(mapping), author)
    ((found, people),) = (await told(desk, bert))[len(before) :]
    assert found == {"person": bert, "reason": "claims", **facts}
    assert await desk.person("helga.hrlead") in people
    assert bert not in people


async def test_who_answers_for_the_records_need_not_be_told_of_what_they_did(desk: ApiDesk) -> None:
    rita = await desk.person("rita.requester")
    path = f"/groups/{GROUP}/members/{rita}"
    assert (await desk.call("helga.hrlead", "PUT", path)).status_code == 204
    helga = await desk.person("helga.hrlead")
    ((_, people),) = await told(desk, rita)
    assert people, "somebody else is told of it"
    assert helga not in people
    assert (await desk.call("helga.hrlead", "DELETE", path)).status_code == 204


@pytest.mark.parametrize("way", ["patch", "import"])
async def test_a_new_process_owner_is_told_to_the_others(desk: ApiDesk, way: str) -> None:
    name = {"patch": "otto.operator", "import": "adam.admin"}[way]
    whom = await desk.person(name)
    me = await desk.get(name, "/me")
    kept = [one for one in me["roles"] if one["role"] in ("administrator", "operator")]
    owner = {"role": "process_owner", "function": "hr"}
    if way == "patch":
        path, body, method = f"/people/{whom}", {"roles": [*kept, owner]}, "PATCH"
    else:
        entry = {"user_name": name, "name": me["person"]["name"], "roles": [*kept, owner]}
        path, body, method = "/directory/import", {"people": [entry]}, "POST"
    done = await desk.call("adam.admin", method, path, body, **{"If-Match": "*"})
    assert done.status_code == 200, done.text
    facts, people = (await told(desk, whom))[-1]
    assert facts["kind"] == "hr"
    assert await desk.person("helga.hrlead") in people
    assert not people & {whom, await desk.person("adam.admin")}
