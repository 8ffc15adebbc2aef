"""Versions in a real database: stored once, one current, a second person where wanted, never in part."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.configuration.apply import RefusedError, apply, check, difference
from steadydesk.configuration.install import DEMO, install_demo
from steadydesk.configuration.problem import Severity
from steadydesk.configuration.resolution import resolve
from steadydesk.configuration.touched import functions_touched
from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.contracts.configuration import DifferenceKind, ResolvedOrganisation
from steadydesk.contracts.organisation import Organisation
from steadydesk.errors import ConflictingEdit, InternalError, InvalidInput, SelfApproval, UnknownRecord
from steadydesk.policies.configuration import canonical, differences, digest_of
from steadydesk.records import configuration
from steadydesk.records.configuration_digest import digest_beginning
from steadydesk.records.directory_events import Author, installation
from steadydesk.records.engine import make_engine
from steadydesk.records.identity import token_proof
from steadydesk.records.tables.configuration import configuration_version
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.journal import audit
from steadydesk.stack.postgres import EmbeddedPostgres
from tests.support.databases import migrated_database
from tests.support.demo_organisation import (
    TODAY,
    Edits,
    as_loaded,
    demo_data,
    demo_directory,
    demo_organisation,
    edited,
    read_json,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def by(name: str, minutes: int = 0) -> Author:
    return Author(f"p_{name:0<12}", NOW + timedelta(minutes=minutes), AuthenticationMethod.CLI)


def variant(percent: int = 100, *, second_person: bool = False) -> ResolvedOrganisation:
    organisation = demo_organisation()
    settings = organisation.organisation.model_copy(
        update={"survey_percent": percent, "second_person_applies": second_person}
    )
    return resolve(organisation.model_copy(update={"organisation": settings}), TODAY)


@pytest.fixture(scope="module")
async def configuration_url(postgres: EmbeddedPostgres) -> str:
    return await migrated_database(postgres, "configuration_versions")


@pytest.fixture
async def connection(configuration_url: str) -> AsyncIterator[AsyncConnection]:
    """A transaction that is taken back."""
    engine = make_engine(configuration_url, pool_size=1, command_seconds=30)
    async with engine.connect() as opened:
        yield opened
        await opened.rollback()
    await engine.dispose()


def test_a_version_is_the_same_after_a_journey_through_json() -> None:
    resolved = variant()
    text_of = canonical(resolved)
    again = ResolvedOrganisation.model_validate_json(text_of)
    assert again == resolved
    assert canonical(again) == text_of
    for key, model in again.organisation.process_models.items():
        assert list(model.states) == list(resolved.organisation.process_models[key].states)


def test_holidays_are_those_of_the_country_for_the_recorded_years() -> None:
    resolved = variant()
    berlin = resolved.calendars["berlin-office"].holidays
    assert (resolved.holidays_from, resolved.holidays_until) == (date(2025, 1, 1), date(2031, 12, 31))
    assert {date(2026, 10, 3), date(2027, 3, 8), date(2026, 12, 24)} <= berlin
    assert date(2026, 11, 26) in resolved.calendars["new-york-office"].holidays
    assert min(berlin).year == 2025
    assert max(berlin).year == 2031
    assert resolved.calendars["always-open"].holidays == frozenset()


def test_differences_name_every_value() -> None:
    before, after = variant(100), variant(50)
    (changed,) = differences(before, after)
    assert (changed.path, changed.kind) == ("organisation.survey_percent", DifferenceKind.CHANGED)
    assert (changed.before, changed.after) == ("100", "50")
    assert differences(before, before) == []
    assert {one.kind for one in differences(None, after)} == {DifferenceKind.ADDED}


POLICY = ("approval_policies", "expense", "stages")
MODEL = ("process_models", "request", "states")
ITEM = ("catalog", "new-laptop")
ORDERS = [
    (POLICY, {"*"}),
    (MODEL, {"*"}),
    ((*ITEM, "plan", "steps"), {"it"}),
    ((*ITEM, "form", "fields"), {"it"}),
    (("catalog",), {"*"}),
    (("functions",), {"*"}),
]


def rearranged(path: tuple[str, ...], keys: Callable[[list[str]], list[str]]) -> ResolvedOrganisation:
    """The demo with the entries of one map in another order."""
    data = demo_data()
    *parents, last = path
    holder = data
    for part in parents:
        holder = holder[part]
    holder[last] = {key: holder[last][key] for key in keys(list(holder[last]))}
    return resolve(Organisation.model_validate(data), TODAY)


@pytest.mark.parametrize(("path", "touched"), ORDERS, ids=[".".join(path) for path, _ in ORDERS])
def test_another_order_of_keys_is_a_difference_and_touches_whose_it_is(
    path: tuple[str, ...], touched: set[str]
) -> None:
    before, after = rearranged(path, list), rearranged(path, lambda keys: [*keys[1:], keys[0]])
    (moved,) = differences(before, after)
    assert (moved.path, moved.kind) == (".".join(path), DifferenceKind.REORDERED)
    old, new = json.loads(moved.before or ""), json.loads(moved.after or "")
    assert new == [*old[1:], old[0]]
    assert functions_touched([moved], before, after) == touched


def test_an_entry_put_before_others_is_told_with_its_place() -> None:
    whole = rearranged(POLICY, list)
    at_the_end = differences(rearranged(POLICY, lambda keys: keys[:-1]), whole)
    assert {one.kind for one in at_the_end} == {DifferenceKind.ADDED}
    at_the_start = differences(rearranged(POLICY, lambda keys: keys[1:]), whole)
    assert {one.kind for one in at_the_start} == {DifferenceKind.ADDED, DifferenceKind.REORDERED}


def test_a_value_in_a_list_is_compared_with_the_order_of_its_keys() -> None:
    def choices(label: dict[str, str]) -> ResolvedOrganisation:
        data = demo_data()
        item = data["catalog"]["new-laptop"]
        item["form"] = {
            "fields": {"x": {"kind": "choice", "label": "X", "choices": [{"value": "a", "label": label}]}}
        }
        return resolve(Organisation.model_validate(data), TODAY)

    (changed,) = differences(choices({"fr": "un", "de": "eins"}), choices({"de": "eins", "fr": "un"}))
    assert changed.path == "catalog.new-laptop.form.fields.x.choices"


def test_another_version_that_no_difference_tells_of_is_everybodys_business() -> None:
    assert functions_touched([], variant(1), variant(1)) == set()
    assert functions_touched([], variant(1), variant(2)) == {"*"}
    assert functions_touched([], None, variant(2)) == {"*"}


async def test_the_first_version_is_current_at_once(connection: AsyncConnection) -> None:
    assert await configuration.current(connection) is None
    stored = await configuration.propose(connection, variant(), "first", by("ada"))
    assert (stored.serial, stored.current, stored.why) == (1, True, "first")
    assert stored.digest == digest_of(canonical(variant()))
    assert await configuration.current(connection) == stored
    read = await configuration.get(connection, stored.digest)
    assert read.organisation == variant().organisation
    assert read.calendars["berlin-office"].version == stored.digest
    assert await configuration.get(connection, stored.digest) is read


async def test_versions_follow_each_other_and_old_ones_come_back(connection: AsyncConnection) -> None:
    first = await configuration.propose(connection, variant(1), "one", by("ada"))
    second = await configuration.propose(connection, variant(2), "two", by("ada", 1))
    assert await configuration.propose(connection, variant(2), "again", by("bob", 2)) == second
    assert [one.serial for one in await configuration.versions(connection)] == [2, 1]
    assert [one.serial for one in await configuration.versions(connection, before=2)] == [1]
    back = await configuration.propose(connection, variant(1), "back", by("ada", 3))
    assert (back.serial, back.digest, back.current) == (1, first.digest, True)
    assert not (await configuration.version(connection, second.digest)).current


async def test_a_second_person_applies_where_wanted(connection: AsyncConnection) -> None:
    await configuration.propose(connection, variant(second_person=True), "strict", by("ada"))
    lifted = await configuration.propose(connection, variant(1), "lift the rule", by("ada", 1))
    assert lifted.waits_for_approval
    with pytest.raises(SelfApproval):
        await configuration.approve(connection, lifted.digest, by("ada", 2))
    approved = await configuration.approve(connection, lifted.digest, by("bob", 3))
    assert (approved.current, approved.approved_by) == (True, by("bob").actor)
    with pytest.raises(ConflictingEdit):
        await configuration.approve(connection, lifted.digest, by("cid", 4))


async def test_who_proposed_first_stays_and_never_approves(connection: AsyncConnection) -> None:
    await configuration.propose(connection, variant(second_person=True), "strict", by("ada"))
    await configuration.propose(connection, variant(3), "first reason", by("ada", 1))
    again = await configuration.propose(
        connection, variant(3), "again", installation(NOW + timedelta(minutes=2))
    )
    assert (again.proposed_by, again.why, again.waits_for_approval) == (by("ada").actor, "first reason", True)
    assert [(one.proposed_by, one.why, one.brings_back) for one in again.again] == [
        ("service", "again", False)
    ]
    with pytest.raises(SelfApproval):
        await configuration.approve(connection, again.digest, by("ada", 3))
    assert (await configuration.approve(connection, again.digest, by("bob", 4))).current
    rows = select(audit.c.facts).where(audit.c.event == "configuration_proposed").order_by(audit.c.position)
    found = (await connection.execute(rows)).scalars().all()
    assert found[-1] == {"digest": again.digest, "first_proposer": by("ada").actor}


async def test_who_brings_a_version_back_stands_beside_its_first_proposer(
    connection: AsyncConnection,
) -> None:
    strict = await configuration.propose(connection, variant(second_person=True), "strict", by("ada"))
    next_one = await configuration.propose(connection, variant(1, second_person=True), "next", by("ada", 1))
    await configuration.approve(connection, next_one.digest, by("bob", 2))
    back = await configuration.propose(connection, variant(second_person=True), "roll back", by("bob", 3))
    assert (back.serial, back.waits_for_approval, back.why) == (strict.serial, True, "strict")
    with pytest.raises(SelfApproval):
        await configuration.approve(connection, back.digest, by("bob", 4))
    applied = await configuration.approve(connection, back.digest, by("ada", 5))
    (how,) = applied.again
    assert (how.proposed_by, how.why, how.approved_by) == (by("bob").actor, "roll back", by("ada").actor)
    assert (applied.proposed_by, applied.approved_by, applied.current) == (by("ada").actor, None, True)
    assert await configuration.get(connection, applied.digest) is not None


async def test_an_overtaken_proposal_counts_again_when_it_is_repeated(connection: AsyncConnection) -> None:
    await configuration.propose(connection, variant(second_person=True), "strict", by("ada"))
    slow = await configuration.propose(connection, variant(1, second_person=True), "slow", by("ada", 1))
    fast = await configuration.propose(connection, variant(2, second_person=True), "fast", by("ada", 2))
    await configuration.approve(connection, fast.digest, by("bob", 3))
    await configuration.propose(connection, variant(1, second_person=True), "still", by("ada", 4))
    assert (await configuration.approve(connection, slow.digest, by("bob", 5))).current


async def test_a_second_account_is_no_second_person(connection: AsyncConnection) -> None:
    for name in ("ada", "root"):
        row = {"id": by(name).actor, "user_name": name, "name": name, "updated_at": NOW}
        await connection.execute(insert(person).values(row | {"natural_person": by("ada").actor}))
    await configuration.propose(connection, variant(second_person=True), "strict", by("ada"))
    waiting = await configuration.propose(connection, variant(3), "x", by("ada", 1))
    with pytest.raises(SelfApproval):
        await configuration.approve(connection, waiting.digest, by("root", 2))


async def test_a_proposal_that_was_overtaken_cannot_be_approved(connection: AsyncConnection) -> None:
    await configuration.propose(connection, variant(second_person=True), "strict", by("ada"))
    slow = await configuration.propose(connection, variant(1, second_person=True), "slow", by("ada", 1))
    fast = await configuration.propose(connection, variant(2, second_person=True), "fast", by("ada", 2))
    await configuration.approve(connection, fast.digest, by("bob", 3))
    with pytest.raises(ConflictingEdit):
        await configuration.approve(connection, slow.digest, by("bob", 4))


async def test_what_is_not_there_or_was_changed_is_refused(connection: AsyncConnection) -> None:
    with pytest.raises(UnknownRecord):
        await configuration.get(connection, "0" * 64)
    stored = await configuration.propose(connection, variant(77), "x", by("ada"))
    await connection.execute(
        update(configuration_version).values(document={"canonical": canonical(variant(78))})
    )
    with pytest.raises(InternalError):
        await configuration.get(connection, stored.digest)


async def test_the_beginning_of_a_digest_names_the_only_version_that_has_it(
    connection: AsyncConnection,
) -> None:
    stored = await configuration.propose(connection, variant(), "x", by("ada"))
    for length in (8, 12, 64):
        assert await digest_beginning(connection, stored.digest[:length]) == stored.digest
        assert await digest_beginning(connection, stored.digest[:length].upper()) == stored.digest
    with pytest.raises(InvalidInput, match="at least 8"):
        await digest_beginning(connection, stored.digest[:7])
    for unknown in ("0" * 12, "0" * 64, "%", "none", stored.digest + "0", stored.digest[:11] + "_"):
        with pytest.raises(UnknownRecord):
            await digest_beginning(connection, unknown)
    row = select(configuration_version).where(configuration_version.c.digest == stored.digest)
    copy = (await connection.execute(row)).one()._asdict() | {"serial": 2, "current": False}
    twin = stored.digest[:12] + "f" * 52
    await connection.execute(insert(configuration_version).values(copy | {"digest": twin}))
    with pytest.raises(InvalidInput, match="several versions"):
        await digest_beginning(connection, stored.digest[:12])
    assert await digest_beginning(connection, twin) == twin


async def test_each_step_leaves_an_audit_row(connection: AsyncConnection) -> None:
    await configuration.propose(connection, variant(), "x", by("ada"))
    rows = select(audit.c.event).where(audit.c.number == configuration.SUBJECT).order_by(audit.c.position)
    found = (await connection.execute(rows)).scalars().all()
    assert found == ["configuration_proposed", "configuration_applied"]


async def test_a_folder_with_errors_is_never_stored_in_part(
    connection: AsyncConnection, tmp_path: Path
) -> None:
    for file in DEMO.rglob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(RefusedError) as refused:  # the database has no directory yet: every group is unknown
        await apply(connection, tmp_path, "x", by("ada"))
    assert {problem.rule for problem in refused.value.problems} == {"C102"}
    assert await configuration.current(connection) is None


def test_an_ended_pre_approval_does_not_keep_other_changes_from_being_applied() -> None:
    edits: Edits = {
        ("catalog", "vpn-access", "pre_approved", "until"): "2026-11-22",
        ("catalog", "new-laptop", "promise"): "PT80H",
    }
    checked = check(as_loaded(read_json(edited(edits))), TODAY, demo_directory())
    assert [(one.rule, one.severity) for one in checked.warnings] == [("C305", Severity.WARNING)]
    assert checked.resolved.organisation.catalog["new-laptop"].promise == timedelta(hours=80)


async def test_the_demo_is_installed_with_people_tokens_and_version_one(postgres: EmbeddedPostgres) -> None:
    url = await migrated_database(postgres, "configuration_demo")
    users = await install_demo(url)
    again = await install_demo(url)
    assert [user.user_name for user in users] == [user.user_name for user in again]
    engine = make_engine(url, pool_size=1, command_seconds=30)
    async with engine.begin() as connection:
        stored = await configuration.versions(connection)
        assert [(one.serial, one.current) for one in stored] == [(1, True)]
        ada = next(user for user in users if user.user_name == "ada.admin")
        proof = await token_proof(connection, ada.token, datetime.now(UTC))
        assert proof.standing.person.name == "Ada Adler"
        assert "administrator@*" in ada.roles
        assert await difference(connection, DEMO, datetime.now(UTC).date()) == []
        assert len((await connection.execute(text("SELECT 1 FROM membership"))).all()) > 10
        stored_again, warnings = await apply(connection, DEMO, "same", installation(datetime.now(UTC)))
        assert stored_again.serial == 1
        assert [problem for problem in warnings if problem.rule != "C801"] == []
    await engine.dispose()
