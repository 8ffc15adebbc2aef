"""Who is in the audience of a message, and which of them may see what it is about."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Boolean, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from steadydesk.policies.delivery import Addressee, Preferences
from steadydesk.records.tables.base import Instant

# The predicate of every list and search, for many pairs at once: own sight through oneself, one's groups and
# the functions one owns, and what one decides as a delegate, by the policies that the delegation names; nothing of
# what is silent about any account of one's own, nor by whom it is silent about. Where no record has the number, there
# is none to hide, and the audience alone says who hears of it. Groups and functions are arrays, not ``IN (SELECT …)``:
# PostgreSQL 18.4 hashes such a subquery for the person of a pair, and where the planner puts its condition into a plan
# twice, as it does with an OR that names ``record`` too, the second one answers with the hash of the pair before.
_SEES = """
    person.active AND (
      (:about_none AND NOT EXISTS (SELECT 1 FROM record WHERE record.number = asked.number))
      OR EXISTS (
        SELECT 1
          FROM record
          JOIN sight ON sight.number = record.owner
         WHERE record.number = asked.number
           AND (sight.begins_at IS NULL OR sight.begins_at <= :now)
           AND (sight.until IS NULL OR sight.until > :now)
           AND NOT EXISTS (
             SELECT 1
               FROM sight later JOIN person about ON about.id = substr(later.subject, 3)
              WHERE COALESCE(about.natural_person, about.id) = COALESCE(person.natural_person, person.id)
                AND later.number = record.owner AND later.why = 'requested_for' AND later.begins_at > :now)
           AND (
             sight.subject = 'p:' || person.id
             OR sight.subject = ANY (ARRAY(
               SELECT 'g:' || membership.group_key
                 FROM membership JOIN person_group ON person_group.key = membership.group_key
                WHERE membership.person = person.id AND person_group.active))
             OR sight.subject = ANY (ARRAY(
               SELECT 'f:' || role_holder.function
                 FROM role_holder
                WHERE role_holder.person = person.id AND role_holder.role = 'process_owner'))
             OR (sight.why = 'approver' AND sight.subject || ' ' || sight.number <> ALL (ARRAY(
               SELECT 'p:' || silent.id || ' ' || later.number
                 FROM delegation given
                 JOIN person silent ON silent.id = given.delegator
                 JOIN person about
                   ON COALESCE(about.natural_person, about.id) = COALESCE(silent.natural_person, silent.id)
                 JOIN sight later ON later.subject = 'p:' || about.id
                WHERE given.ended_at IS NULL AND given.begins_at <= :now AND given.ends_at > :now
                  AND later.why = 'requested_for' AND later.begins_at > :now))
             AND EXISTS (
               SELECT 1
                 FROM delegation JOIN person delegator ON delegator.id = delegation.delegator
                WHERE delegation.delegate = person.id AND delegator.active AND delegation.ended_at IS NULL
                  AND delegation.begins_at <= :now AND delegation.ends_at > :now
                  AND sight.subject = 'p:' || delegator.id
                  AND (delegation.policies IS NULL OR EXISTS (
                    SELECT 1
                      FROM gate JOIN approver ON approver.gate = gate.id
                     WHERE gate.owner = sight.number AND approver.person = delegator.id
                       AND gate.policy = ANY(string_to_array(delegation.policies, ',')))))))))
"""

_IN_AUDIENCE = """
    WITH told AS (
      SELECT outbox.seq, outbox.number, entry.subject
        FROM outbox, jsonb_array_elements_text(outbox.audience) AS entry(subject)
       WHERE outbox.seq = ANY(:rows)
    ), asked AS (
      SELECT seq, number, substr(subject, 3) AS person FROM told WHERE subject LIKE 'p:%'
      UNION
      SELECT told.seq, told.number, membership.person
        FROM told
        JOIN person_group ON told.subject = 'g:' || person_group.key AND person_group.active
        JOIN membership ON membership.group_key = person_group.key
      UNION
      SELECT told.seq, told.number, role_holder.person
        FROM told
        JOIN role_holder ON told.subject = 'f:' || role_holder.function AND role_holder.role = 'process_owner'
    )
"""


def _typed(statement: str) -> TextClause:
    return text(statement.replace("[sees]", _SEES).replace("[audience]", _IN_AUDIENCE)).bindparams(
        bindparam("now", type_=Instant), bindparam("about_none", type_=Boolean)
    )


_PEOPLE = _typed(
    """
    [audience]
    SELECT asked.seq, person.id, person.email, person.active, person.service_account, [sees] AS sees
      FROM asked JOIN person ON person.id = asked.person
     ORDER BY asked.seq, person.id
    """
)
_PAIRS = _typed(
    """
    SELECT asked.number, person.id
      FROM unnest(CAST(:numbers AS text[]), CAST(:people AS text[])) AS asked(number, person)
      JOIN person ON person.id = asked.person
     WHERE [sees]
    """
)
_PREFERENCES = text(
    "SELECT person, event, channel, wanted FROM preference WHERE person = ANY(:people)"
).bindparams(bindparam("people", type_=ARRAY(Text)))


async def audience(
    connection: AsyncConnection, rows: Sequence[int], now: datetime, *, about_none: bool
) -> dict[int, list[Addressee]]:
    """The people in the audiences of outbox rows, by ``seq``; ``about_none``: rows that need no record."""
    if not rows:
        return {}
    found = await connection.execute(_PEOPLE, {"rows": list(rows), "now": now, "about_none": about_none})
    people = found.all()
    said = await preferences(connection, {one.id for one in people})
    by_row: dict[int, list[Addressee]] = {}
    for one in people:
        addressee = Addressee(
            one.id, one.email, one.active, one.service_account, one.sees, said.get(one.id, {})
        )
        by_row.setdefault(one.seq, []).append(addressee)
    return by_row


async def who_sees(
    connection: AsyncConnection, pairs: Iterable[tuple[str, str]], now: datetime, *, about_none: bool
) -> set[tuple[str, str]]:
    """Those of the pairs (number, person) where the person may see the number now."""
    wanted = sorted(set(pairs))
    if not wanted:
        return set()
    numbers, people = ([pair[place] for pair in wanted] for place in (0, 1))
    asked = {"numbers": numbers, "people": people, "now": now, "about_none": about_none}
    return {(number, person) for number, person in await connection.execute(_PAIRS, asked)}


async def preferences(connection: AsyncConnection, people: Iterable[str]) -> dict[str, Preferences]:
    """What each of the people said, where they said anything."""
    said: dict[str, dict[tuple[str, str], bool]] = {}
    found = await connection.execute(_PREFERENCES, {"people": sorted(people)})
    for person, event, channel, wanted in found:
        said.setdefault(person, {})[event, channel] = wanted
    return dict(said)
