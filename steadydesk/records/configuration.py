"""Configuration versions: stored once, never changed; one is current, running processes keep theirs."""

import json
from collections import OrderedDict
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from steadydesk.contracts.assertion import SERVICE_ACTOR
from steadydesk.contracts.configuration import ConfigurationVersion, ProposedAgain, ResolvedOrganisation
from steadydesk.contracts.delivery import Message
from steadydesk.errors import ConflictingEdit, InternalError, SelfApproval, UnknownRecord
from steadydesk.policies.configuration import canonical, digest_of
from steadydesk.records.directory_events import Author, Fact
from steadydesk.records.outbox import post
from steadydesk.records.tables.configuration import configuration_version
from steadydesk.records.tables.directory import person

SUBJECT = "configuration"
"""The audit chain of all versions."""

_READ_BY_SQL = ("organisation", "templates", "approval_policies")
_ONE_CHANGE_AT_A_TIME = 7_301_967
_MOST_KEPT = 64
_FACTS = tuple(column for column in configuration_version.c if column.name != "document")
_CURRENT = select(*_FACTS).where(configuration_version.c.current)
_WHOLE = select(*_FACTS, configuration_version.c.document["again"].label("again"))

_kept: OrderedDict[str, ResolvedOrganisation] = OrderedDict()


async def propose(
    connection: AsyncConnection, resolved: ResolvedOrganisation, why: str, author: Author
) -> ConfigurationVersion:
    """Store the version and make it current, or leave it to a second person where the organisation wants one.

    The first version of an installation applies at once. An identical version is stored once: proposing the
    current one changes nothing, proposing an older one brings it back, proposing one that waits leaves its first
    proposer, who never approves it.
    """
    await _lock(connection)
    text = canonical(resolved)
    digest = digest_of(text)
    present = await current(connection)
    if present is not None and present.digest == digest:
        return await version(connection, digest)
    facts = await _store(connection, digest, text, why, author)
    await author.did(connection, "configuration_proposed", SUBJECT, digest=digest, **facts)
    if present is None or not await _needs_second_person(connection, present, resolved):
        await _make_current(connection, digest, resolved, author)
    return await version(connection, digest)


async def approve(connection: AsyncConnection, digest: str, author: Author) -> ConfigurationVersion:
    """A second person makes a waiting version current.

    SelfApproval for whoever proposed it, ConflictingEdit when it does not wait or another version was applied
    after it was proposed, UnknownRecord.
    """
    await _lock(connection)
    waiting = await version(connection, digest)
    if not waiting.waits_for_approval:
        raise ConflictingEdit("This version does not wait for approval.")
    if await _natural(connection, waiting.proposer) == await _natural(connection, author.actor):
        raise SelfApproval("Another person has to approve the configuration that you proposed.")
    present = await current(connection)
    if (
        present is not None
        and present.applied_at is not None
        and present.applied_at > waiting.last_proposed_at
    ):
        raise ConflictingEdit("Another version was applied since; propose this one again.")
    await _change(connection, digest, _approval(waiting, author))
    await author.did(connection, "configuration_approved", SUBJECT, digest=digest)
    await _make_current(connection, digest, await get(connection, digest), author)
    return await version(connection, digest)


async def current(connection: AsyncConnection) -> ConfigurationVersion | None:
    """The version that new processes start with, without later proposals; None before the first one."""
    row = (await connection.execute(_CURRENT)).one_or_none()
    return None if row is None else _version(row)


async def version(connection: AsyncConnection, digest: str) -> ConfigurationVersion:
    """The facts of one version; UnknownRecord where there is none."""
    found = await _stored(connection, digest)
    if found is None:
        raise UnknownRecord("There is no such configuration version.")
    return found


async def versions(
    connection: AsyncConnection, *, before: int | None = None, limit: int = 50
) -> list[ConfigurationVersion]:
    """Versions from the newest on, those with a serial below ``before``."""
    statement = _WHOLE.order_by(configuration_version.c.serial.desc()).limit(limit)
    if before is not None:
        statement = statement.where(configuration_version.c.serial < before)
    return [_version(row) for row in await connection.execute(statement)]


async def get(connection: AsyncConnection, digest: str) -> ResolvedOrganisation:
    """The organisation of a version, kept in memory since it never changes; UnknownRecord, InternalError."""
    if digest in _kept:
        _kept.move_to_end(digest)
        return _kept[digest]
    document = configuration_version.c.document["canonical"].astext
    text = await connection.scalar(select(document).where(configuration_version.c.digest == digest))
    if text is None:
        raise UnknownRecord("There is no such configuration version.")
    if digest_of(text) != digest:
        raise InternalError(f"The stored configuration version {digest} was changed.")
    _kept[digest] = _with_version(ResolvedOrganisation.model_validate_json(text), digest)
    if len(_kept) > _MOST_KEPT:
        _kept.popitem(last=False)
    return _kept[digest]


def _with_version(resolved: ResolvedOrganisation, digest: str) -> ResolvedOrganisation:
    calendars = {
        key: calendar.model_copy(update={"version": digest}) for key, calendar in resolved.calendars.items()
    }
    return resolved.model_copy(update={"calendars": calendars})


async def _natural(connection: AsyncConnection, actor: str) -> str:
    """The natural person behind an account, so that nobody approves with a second one."""
    natural = func.coalesce(person.c.natural_person, person.c.id)
    return await connection.scalar(select(natural).where(person.c.id == actor)) or actor


async def _lock(connection: AsyncConnection) -> None:
    await connection.execute(select(func.pg_advisory_xact_lock(_ONE_CHANGE_AT_A_TIME)))


async def _needs_second_person(
    connection: AsyncConnection, present: ConfigurationVersion, proposed: ResolvedOrganisation
) -> bool:
    """The rule in force decides, so that no version can lift it for itself; so does the one it brings."""
    in_force = await get(connection, present.digest)
    return (
        in_force.organisation.organisation.second_person_applies
        or proposed.organisation.organisation.second_person_applies
    )


async def _stored(connection: AsyncConnection, digest: str) -> ConfigurationVersion | None:
    statement = _WHOLE.where(configuration_version.c.digest == digest)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else _version(row)


async def _store(
    connection: AsyncConnection, digest: str, text: str, why: str, author: Author
) -> dict[str, Fact]:
    """A new version with its proposer and reason; of a stored one only that it was proposed again. What of it
    the audit says.
    """
    stored = await _stored(connection, digest)
    if stored is not None:
        return await _repeat(connection, stored, why, author)
    serial = await connection.scalar(select(func.coalesce(func.max(configuration_version.c.serial), 0) + 1))
    proposal = {"why": why, "proposed_by": author.actor, "proposed_at": author.at}
    row = {**proposal, "digest": digest, "serial": serial, "document": _document(text), "current": False}
    await connection.execute(insert(configuration_version).values(row))
    return {}


async def _repeat(
    connection: AsyncConnection, stored: ConfigurationVersion, why: str, author: Author
) -> dict[str, Fact]:
    brings_back = not stored.waits_for_approval
    repeat = ProposedAgain(why=why, proposed_by=author.actor, proposed_at=author.at, brings_back=brings_back)
    waits = {"applied_at": None, "document": _with_again([*stored.again, repeat])}
    await _change(connection, stored.digest, waits)
    return {"brings_back": True} if brings_back else {"first_proposer": stored.proposer}


def _approval(waiting: ConfigurationVersion, author: Author) -> dict[str, Any]:
    """Who approved it first stays; an approval to bring it back stands with the proposal to."""
    decision = {"approved_by": author.actor, "approved_at": author.at}
    back = waiting.brought_back
    if back is None:
        return decision
    approved = back.model_copy(update=decision)
    return {"document": _with_again([approved if one is back else one for one in waiting.again])}


def _with_again(again: list[ProposedAgain]) -> ColumnElement[Any]:
    """The document beside whose version, which stays, these later proposals are kept."""
    later = {"again": [one.model_dump(mode="json") for one in again]}
    return configuration_version.c.document.concat(later)


def _document(text: str) -> dict[str, Any]:
    """``canonical`` is the version, as text: JSONB would lose the order of keys, which is that of states and
    stages. Beside it stands what SQL reads by itself: to write mails, and who decides on what.
    """
    organisation = json.loads(text)["organisation"]
    return {
        "canonical": text,
        **{section: organisation[section] for section in _READ_BY_SQL},
    }


async def _make_current(
    connection: AsyncConnection, digest: str, resolved: ResolvedOrganisation, author: Author
) -> None:
    table = configuration_version
    await connection.execute(update(table).where(table.c.current).values(current=False))
    await _change(connection, digest, {"current": True, "applied_at": author.at})
    await author.did(connection, "configuration_applied", SUBJECT, digest=digest)
    serial = (await version(connection, digest)).serial
    facts: dict[str, Any] = {"version": digest, "serial": serial}
    if author.actor != SERVICE_ACTOR:
        facts["actor"] = author.actor
    owners = sorted({f"g:{function.owner}" for function in resolved.organisation.functions.values()})
    message = Message(
        id=f"configuration:{serial}:{author.at.isoformat()}",
        event="configuration.applied",
        number=SUBJECT,
        audience=owners,
        facts=facts,
        at=author.at,
    )
    await post(connection, [message])


async def _change(connection: AsyncConnection, digest: str, values: dict[str, Any]) -> bool:
    statement = update(configuration_version).where(configuration_version.c.digest == digest).values(values)
    return (await connection.execute(statement)).rowcount == 1


def _version(row: Row[Any]) -> ConfigurationVersion:
    return ConfigurationVersion.model_validate(
        {name: value for name, value in row._asdict().items() if value is not None}
    )
