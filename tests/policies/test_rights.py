import pytest

from steadydesk.contracts.directory import Person, Role, RoleHolding, Standing
from steadydesk.policies.rights import (
    PERMISSIONS_OF,
    SCOPE_OF,
    VISIBILITY,
    Permission,
    Relation,
    Verb,
    allowed,
    holds,
    implied_roles,
    may,
)

ADA = Person(id="p_aaaaaaaaaaaa", user_name="ada", name="Ada")


def standing(*roles: str, groups: frozenset[str] = frozenset()) -> Standing:
    return Standing(person=ADA, roles=frozenset(map(RoleHolding.parse, roles)), groups=groups)


def test_every_permission_has_a_scope_and_some_role() -> None:
    assert set(SCOPE_OF) == set(Permission)
    assert set().union(*PERMISSIONS_OF.values()) == set(Permission)
    assert set(PERMISSIONS_OF) == set(Role)
    assert set(VISIBILITY) == set(Verb)


def test_a_role_counts_in_its_function_only() -> None:
    owner = standing("process_owner@hr")
    assert allowed(owner, Permission.CONFIGURE, "hr")
    assert not allowed(owner, Permission.CONFIGURE, "it")
    assert not allowed(owner, Permission.CONFIGURE, "*")
    assert allowed(owner, Permission.CONFIGURE)
    assert holds(owner, Role.PROCESS_OWNER, "hr")
    assert not holds(owner, Role.PROCESS_OWNER, "it")
    assert allowed(standing("administrator"), Permission.CONFIGURE, "it")


def test_an_administrator_of_it_has_nothing_in_hr() -> None:
    administrator = standing("administrator@it")
    assert allowed(administrator, Permission.MANAGE_GROUPS, "it")
    for permission in Permission:
        assert not allowed(administrator, permission, "hr")


def test_no_role_gives_sight_of_records() -> None:
    names = {relation.value for relation in Relation}
    assert not names & {"administrator", "operator"}
    for verb in Verb:
        assert not may(verb, ["administrator", "operator"])


@pytest.mark.parametrize(
    ("verb", "relations", "answer"),
    [
        (Verb.SEE, [Relation.WATCHER], True),
        (Verb.SEE, [Relation.BREAK_GLASS], True),
        (Verb.SEE, [], False),
        (Verb.COMMENT, [Relation.BREAK_GLASS], False),
        (Verb.CANCEL, [Relation.APPROVER, Relation.WATCHER], False),
        (Verb.CANCEL, [Relation.WATCHER, Relation.REQUESTED_FOR], True),
        (Verb.DECIDE, [Relation.PROCESS_OWNER], False),
        (Verb.DECIDE, [Relation.APPROVER], True),
        (Verb.WORK, [Relation.REQUESTER], False),
        (Verb.WORK, ["fulfilment_group"], True),
        (Verb.WORK_NOTE, [Relation.REQUESTER, Relation.APPROVER], False),
    ],
)
def test_matrix(verb: Verb, relations: list[str], answer: bool) -> None:
    assert may(verb, relations) is answer


def test_implied_roles() -> None:
    roles = {str(role) for role in implied_roles(ADA, {"it"})}
    assert roles == {"requester@*", "approver@*", "fulfiller@it"}
    robot = ADA.model_copy(update={"service_account": True})
    assert {str(role) for role in implied_roles(robot, set())} == {"requester@*"}
    assert implied_roles(ADA.model_copy(update={"active": False}), {"it"}) == frozenset()


def test_whoever_is_in_a_group_may_work() -> None:
    assert not allowed(standing("requester"), Permission.WORK)
    assert allowed(standing("requester", groups=frozenset({"movers"})), Permission.WORK)
    assert not allowed(standing("requester", groups=frozenset({"movers"})), Permission.WORK, "it")


@pytest.mark.parametrize("text", ["king", "process_owner", "process_owner@*", "operator@IT", ""])
def test_role_words_that_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"role|process owner|pattern"):
        RoleHolding.parse(text)
