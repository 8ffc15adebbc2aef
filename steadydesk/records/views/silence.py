"""What is kept from whom it is about until its hour: by themselves, and by those who decide for them."""

from typing import Any

from sqlalchemy import ColumnElement, Select, all_, and_, any_, func, literal, or_, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from steadydesk.policies.rights import Relation
from steadydesk.records.tables.directory import person
from steadydesk.records.tables.process import sight

LATER = sight.alias("later")
"""The rows by which a process keeps silent: sight that its beneficiary will have."""

_OTHER = person.alias("other_account")
_DELEGATOR = person.alias("represented")


def silent_about(selves: ColumnElement[Any], now: ColumnElement[Any]) -> Select[str]:
    """The processes that keep silent still about the person with the accounts ``selves``, by whichever of theirs."""
    known = func.unnest(selves).column_valued("known")
    others = select(literal("p:") + _OTHER.c.id).where(_OTHER.c.natural_person == any_(selves))
    everyone = union_all(select(literal("p:") + known), others).scalar_subquery()
    of_theirs = and_(
        LATER.c.subject == any_(func.array(everyone, type_=ARRAY(Text))),
        LATER.c.why == Relation.REQUESTED_FOR.value,
    )
    return select(LATER.c.number).where(of_theirs, LATER.c.begins_at > now)


def shows_by_others(delegated: ColumnElement[Any], now: ColumnElement[Any]) -> ColumnElement[bool]:
    """Not what is kept from the very person, by any of their accounts, by whom a delegate would see it."""
    same = or_(
        _OTHER.c.id.in_([_DELEGATOR.c.id, _DELEGATOR.c.natural_person]),
        _OTHER.c.natural_person.in_([_DELEGATOR.c.id, _DELEGATOR.c.natural_person]),
    )
    subject = literal("p:") + _DELEGATOR.c.id
    about = and_(LATER.c.why == Relation.REQUESTED_FOR.value, LATER.c.begins_at > now)
    named = select(LATER.c.subject + " " + LATER.c.number).where(LATER.c.subject == any_(delegated), about)
    others = select(subject + " " + LATER.c.number).select_from(_DELEGATOR).join(_OTHER, same)
    by_others = others.join(LATER, LATER.c.subject == literal("p:") + _OTHER.c.id)
    kept = union_all(named, by_others.where(subject == any_(delegated), about))
    here = sight.c.subject + " " + sight.c.number
    return here != all_(func.array(kept.scalar_subquery(), type_=ARRAY(Text)))
