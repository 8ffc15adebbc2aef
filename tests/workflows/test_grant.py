"""A grant as a process of its own: given by a request, extended by another one, surely revoked at its end."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from steadydesk.cli.mending import Known, Mending, held, mend
from steadydesk.contracts.grant import Revoke
from steadydesk.contracts.process_model import Phase
from steadydesk.policies.assertion import unsigned
from steadydesk.records.doctor_organisation import examine_grants, holders_to_hear_of
from steadydesk.records.keys import dump_keyring
from steadydesk.records.tables.grant import grant_register
from steadydesk.records.tables.process import process, record
from tests.support.given_grants import given
from tests.support.request_desk import KEYRING, Desk
from tests.support.request_worker import Works, events, now, replayed, until, working
from tests.support.stacks import isolated_settings

DAY = timedelta(days=1)


async def test_it_is_revoked_at_its_end(desk: Desk, temporal_env: WorkflowEnvironment) -> None:
    end = now().date() + timedelta(days=60)
    async with working(desk, temporal_env.client) as works:
        grant = await given(works, end)
        assert await works.result(grant) == "revoked"
        assert works.errands.called == ["one:1", "revoke:1"]
        row = await row_of(works, grant)
        assert (row.reason, row.expires_at) == ("expired", midnight(end + DAY))
        assert row.revoked_at >= row.expires_at
        assert len(events(await works.history(grant), "timer_fired")) == 2
        await replayed(works, grant)


async def test_an_approved_request_moves_its_end_and_its_owner_may_end_it_at_once(works: Works) -> None:
    first, later = date(2126, 1, 1), date(2126, 3, 1)
    grant = await given(works, first)
    assert (await row_of(works, grant)).expires_at == midnight(first + DAY)
    extension = await works.order("granting", variables={"until": str(later)}, extends=grant)
    assert await works.result(extension) == "closed_complete"
    assert (await row_of(works, grant)).expires_at == midnight(later + DAY)
    line = await works.desk.line(extension)
    assert [row.progress for row in await works.desk.rows(record, record.c.number == line.number)] == [None]
    assert works.errands.called == ["one:1"]
    await works.send(grant, Revoke(assertion=unsigned()), "rita")
    assert await works.result(grant) == "revoked"
    assert works.errands.called == ["one:1", "revoke:1"]
    assert (await row_of(works, grant)).reason == "owner"
    await replayed(works, grant)


async def test_an_extension_that_comes_too_late_is_not_said_to_be_complete(works: Works) -> None:
    grant = await given(works, date(2126, 1, 1))
    await works.send(grant, Revoke(assertion=unsigned()), "rita")
    assert await works.result(grant) == "revoked"
    extension = await works.order("granting", variables={"until": "2126-03-01"}, extends=grant)
    assert await works.result(extension) == "closed_incomplete"
    assert (await works.desk.line(extension)).extension_problem == "Ended"
    await replayed(works, extension)


async def test_an_extension_waits_for_a_grant_whose_process_was_ended_by_hand(works: Works) -> None:
    grant = await given(works, date(2126, 1, 1))
    await works.handle(grant).terminate("by hand")
    extension = await works.order("granting", variables={"until": "2126-03-01"}, extends=grant)
    await until(lambda: was_refused(works, extension))
    assert (await works.desk.line(extension)).phase is Phase.FULFILMENT
    await works.sender.take_up(grant)
    assert await works.result(extension) == "closed_complete"
    assert (await row_of(works, grant)).expires_at == midnight(date(2126, 3, 2))


@pytest.mark.parametrize("ended", [False, True])
async def test_the_doctor_tells_it_that_its_holder_left(works: Works, tmp_path: Path, *, ended: bool) -> None:
    """Whether it runs and missed the word, or was ended by hand when it came."""
    grant = await given(works, date(2126, 1, 1))
    await until(lambda: has_begun(works, grant))
    if ended:
        await works.handle(grant).terminate("by hand")
    await works.desk.leave("rita")
    async with works.desk.engine.connect() as connection:
        found = await examine_grants(connection, now() + DAY)
        symptoms = [one for one in found if grant in held([one])]  # Other tests have left grants of hers.
        holders = await holders_to_hear_of(connection, held(symptoms))
    assert holders == {grant: works.desk.ids["rita"]}
    keys = tmp_path / "keys.json"
    keys.write_text(dump_keyring(KEYRING))
    settings = isolated_settings(keys_file=keys)
    assert await mend(works.client, settings, symptoms, Known({}, holders)) == [Mending(grant)]
    assert await works.result(grant) == "revoked"
    assert (await row_of(works, grant)).reason == "left"
    await replayed(works, grant)


async def has_begun(works: Works, grant: str) -> bool:
    return bool(await works.desk.rows(process, process.c.number == grant))


async def was_refused(works: Works, number: str) -> bool:
    """Whether an errand of it has failed and will be tried again."""
    described = await works.handle(number).describe()
    return any(each.HasField("last_failure") for each in described.raw_description.pending_activities)


async def row_of(works: Works, grant: str) -> Any:
    (row,) = await works.desk.rows(grant_register, grant_register.c.number == grant)
    return row


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
