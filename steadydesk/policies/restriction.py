"""To which groups a record is restricted. Pure."""

from collections.abc import Collection


def groups_of(own: Collection[str], parent: Collection[str]) -> list[str]:
    """``own``: the groups that the models of its lines name; ``parent``: those of the request that ordered it. No
    restriction widens another one: what both name, else what the parent names.
    """
    shared = set(own) & set(parent) if parent else set(own)
    return sorted(shared or parent)


def answering_groups(named: Collection[str], group: str) -> list[str]:
    """Who answers for what people say of a record: the groups that it is restricted to, for whom ``group`` is outside;
    else the organisation's ``group`` for it.
    """
    return list(named) or [group]
