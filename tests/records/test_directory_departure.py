from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.delegation import NewDelegation
from steadydesk.contracts.identity import EVERY_OWN_SCOPE, OidcClaims, OidcMapping
from steadydesk.errors import Conflict, NotSignedIn, UnknownRecord
from steadydesk.records.directory_claims import follow_claims
from steadydesk.records.directory_delegation import delegate
from steadydesk.records.directory_departure import deactivate, reactivate
from steadydesk.records.directory_events import installation
from steadydesk.records.identity import issue, token_proof
from steadydesk.records.identity_session import find_session, open_session
from steadydesk.records.tables.approval import approver, gate
from steadydesk.records.tables.delivery import outbox
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.process import record, reservation
from tests.support.directory import NOW, standing_of

BY = installation(NOW)


async def add_record(connection: AsyncConnection, number: str, owner: str, **fields: Any) -> None:
    row = {
        "kind": number[:3],
        "state": "open",
        "phase": "fulfilment",
        "open": True,
        "short_description": "Laptop",
        "opened_by": "p_somebody2222",
        "caller": "p_somebody2222",
        "opened_at": NOW,
        "updated_at": NOW,
        "version": 1,
    }
    await connection.execute(insert(record).values(number=number, owner=owner, **{**row, **fields}))


async def add_gate(connection: AsyncConnection, owner: str, ordinal: int, person: str, **fields: Any) -> None:
    state = fields.pop("state", "requested")
    row: dict[str, Any] = {
        "id": f"{owner}-G{ordinal}",
        "owner": owner,
        "policy": "x",
        "stage": "one",
        "label": "One",
        "state": "requested",
        "content_hash": "",
        "opened_at": NOW,
    }
    await connection.execute(insert(gate).values(**{**row, **fields}))
    await connection.execute(
        insert(approver).values(
            gate=row["id"], person=person, state=state, capacity="own", opened_at=row["opened_at"]
        )
    )


async def add_grant(connection: AsyncConnection, number: str, holder: str, state: str) -> None:
    await connection.execute(
        insert(grant_register).values(
            number=number,
            request="REQ0000001",
            line="RITM0000001",
            step="grant",
            holder=holder,
            entitlement={},
            state=state,
            approved_by=[],
            granted_at=NOW,
        )
    )


async def add_reservation(
    connection: AsyncConnection,
    number: str,
    *,
    opened_by: str = "p_somebody2222",
    requested_for: str = "p_somebody2222",
    item_for: str = "p_somebody2222",
    opened_at: datetime | None = None,
) -> None:
    order = {"opened_by": opened_by, "requested_for": requested_for, "items": [{"requested_for": item_for}]}
    values = {"number": number, "order": order, "opened_by": opened_by, "opened_at": opened_at}
    await connection.execute(insert(reservation).values(**values, reserved_at=NOW))


async def test_everything_ends_and_every_process_that_names_the_person_is_told_once(
    connection: AsyncConnection,
) -> None:
    ada = (await standing_of(connection, "ada")).person.id
    await add_record(connection, "REQ0000001", "REQ0000001", opened_by=ada, caller=ada)
    await add_record(connection, "SCTASK0000001", "REQ0000002", assigned_to=ada)
    await add_record(connection, "SCTASK0000002", "REQ0000003", assigned_to=ada, open=False)
    await add_record(connection, "REQ0000009", "REQ0000009", opened_by=ada, open=False)
    await add_gate(connection, "REQ0000002", 1, ada)
    await add_gate(connection, "REQ0000004", 1, ada)
    await add_gate(connection, "REQ0000005", 1, ada, closed_at=NOW)
    await add_gate(connection, "REQ0000006", 1, ada, state="approved")
    await add_grant(connection, "GRA0000001", ada, "active")
    await add_grant(connection, "GRA0000002", ada, "revoked")
    await add_reservation(connection, "REQ0000011", opened_by=ada)
    await add_reservation(connection, "REQ0000012", requested_for=ada)
    await add_reservation(connection, "REQ0000013", item_for=ada)
    await add_reservation(connection, "REQ0000014")
    await add_reservation(connection, "REQ0000015", opened_by=ada, opened_at=NOW)
    departure = await deactivate(connection, ada, BY)
    reserved = ["REQ0000011", "REQ0000012", "REQ0000013"]
    told = ["GRA0000001", "REQ0000001", "REQ0000002", "REQ0000004", *reserved]
    assert departure.processes == told
    rows = (await connection.execute(select(outbox).where(outbox.c.event == "person.left"))).all()
    assert sorted(row.number for row in rows) == told
    assert {(row.subject, tuple(row.audience)) for row in rows} == {(ada, ())}


async def test_claims_that_end_a_membership_tell_the_processes(connection: AsyncConnection) -> None:
    bob = await standing_of(connection, "bob")
    mine = {"kind": "SCTASK", "assigned_to": bob.person.id}
    await add_record(connection, "SCTASK0000001", "REQ0000001", **mine, assignment_group="it-desk")
    await add_record(connection, "SCTASK0000002", "REQ0000001", **mine, assignment_group="it-desk")
    await add_record(connection, "SCTASK0000003", "REQ0000002", **mine, assignment_group="choir")
    await add_record(
        connection, "SCTASK0000004", "REQ0000003", **mine, assignment_group="it-desk", open=False
    )
    mapping = OidcMapping(groups={"desk": "it-desk"})
    claims = OidcClaims(user_name="bob", expires_at=NOW, groups=frozenset())
    assert await follow_claims(connection, bob, claims, mapping, BY)
    rows = (await connection.execute(select(outbox).where(outbox.c.event == "membership.ended"))).all()
    assert [(row.number, row.subject, row.facts["group"]) for row in rows] == [
        ("REQ0000001", bob.person.id, "it-desk")
    ]


async def test_no_right_is_left(connection: AsyncConnection) -> None:
    ada, bob = await standing_of(connection, "ada"), await standing_of(connection, "bob")
    ends: dict[str, Any] = {"begins_at": NOW, "ends_at": NOW + timedelta(days=3)}
    await delegate(
        connection, NewDelegation(delegator=ada.person.id, delegate=bob.person.id, **ends), ada, BY
    )
    await delegate(
        connection, NewDelegation(delegator=bob.person.id, delegate=ada.person.id, **ends), bob, BY
    )
    token = (await issue(connection, ada.person.id, "x", EVERY_OWN_SCOPE, None, NOW)).token
    session = await open_session(connection, ada.person.id, "browser", NOW)
    departure = await deactivate(connection, ada.person.id, BY)
    assert (departure.tokens, departure.sessions, departure.delegations) == (1, 1, 2)
    gone = await standing_of(connection, "ada")
    assert not gone.sight
    assert not gone.roles
    assert (await standing_of(connection, "bob")).stands_for == ()
    for proof, secret in ((token_proof, token), (find_session, session)):
        with pytest.raises(NotSignedIn):
            await proof(connection, secret, NOW)


async def test_a_repeat_finds_them_gone_and_who_comes_back_needs_a_new_token(
    connection: AsyncConnection,
) -> None:
    bob = (await standing_of(connection, "bob")).person.id
    token = (await issue(connection, bob, "x", EVERY_OWN_SCOPE, None, NOW)).token
    await deactivate(connection, bob, BY)
    later = installation(NOW + timedelta(days=1))
    again = await deactivate(connection, bob, later)
    assert (again.left_at, again.tokens, again.processes) == (NOW, 0, [])
    await reactivate(connection, bob, later)
    assert (await standing_of(connection, "bob")).groups == {"it-desk", "choir"}
    with pytest.raises(NotSignedIn):
        await token_proof(connection, token, NOW)
    with pytest.raises(Conflict):
        await reactivate(connection, bob, later)
    with pytest.raises(UnknownRecord):
        await deactivate(connection, "p_nobodyatall2", BY)
