from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from steadydesk.contracts.delegation import NewDelegation
from steadydesk.contracts.directory import Approver, Person, RoleHolding, Standing
from steadydesk.errors import InvalidInput, NotAllowed
from steadydesk.policies.delegation import away_during, check_delegation, entitled_through

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def person(letter: str, **fields: object) -> Person:
    return Person.model_validate(
        {"id": f"p_{letter * 12}", "user_name": letter, "name": letter.upper(), **fields}
    )


BOSS = person("m")
ADA = person("a", manager=BOSS.id)
BOB = person("b")
NEW = NewDelegation(
    delegator=ADA.id, delegate=BOB.id, begins_at=NOW, ends_at=NOW + timedelta(days=7), policies=["spending"]
)


def standing(whose: Person, *roles: str) -> Standing:
    return Standing(person=whose, roles=frozenset(map(RoleHolding.parse, roles)))


def check(
    by: Standing,
    *,
    absent: bool = False,
    since: datetime = NOW,
    until: datetime = NOW + timedelta(days=7),
    delegator: Person = ADA,
    delegate: Person = BOB,
    now: datetime = NOW,
) -> None:
    away = (since, until) if absent else None
    check_delegation(NEW, by=by, delegator=delegator, delegate=delegate, away=away, now=now)


def test_the_person_may_at_any_time() -> None:
    check(standing(ADA))


@pytest.mark.parametrize("by", [standing(BOSS), standing(person("x"), "administrator")])
def test_manager_and_administrator_only_for_somebody_absent(by: Standing) -> None:
    check(by, absent=True)
    with pytest.raises(NotAllowed, match="absent"):
        check(by)


@pytest.mark.parametrize("by", [standing(BOSS), standing(person("x"), "administrator")])
@pytest.mark.parametrize(
    ("since", "until", "pointers"),
    [
        (0, 2, ["/ends_at"]),
        (1, 7, ["/begins_at"]),
        (1, 2, ["/begins_at", "/ends_at"]),
        (-1, 8, []),
    ],
)
def test_what_somebody_else_makes_lies_within_the_absence(
    by: Standing, since: int, until: int, pointers: list[str]
) -> None:
    away: dict[str, Any] = {"since": NOW + timedelta(days=since), "until": NOW + timedelta(days=until)}
    check(standing(ADA), absent=True, **away)
    if not pointers:
        check(by, absent=True, **away)
        return
    with pytest.raises(InvalidInput) as caught:
        check(by, absent=True, **away)
    assert [problem.pointer for problem in caught.value.problems] == pointers


@pytest.mark.parametrize("own", [person("x"), person("y", natural_person="p_" + "x" * 12)])
def test_an_administrator_does_not_come_to_decide_by_their_own_word(own: Person) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(standing(person("x"), "administrator"), absent=True, delegate=own)
    assert [problem.pointer for problem in caught.value.problems] == ["/delegate"]
    check(standing(BOSS), absent=True, delegate=BOSS)


def test_what_counts_of_a_delegation_is_its_time_from_now_on() -> None:
    check(standing(BOSS), absent=True, since=NOW + timedelta(days=1), now=NOW + timedelta(days=2))


@pytest.mark.parametrize(
    ("absences", "away"),
    [
        ([], None),
        ([(0, 2)], (0, 2)),
        ([(2, 4), (1, 2)], (1, 4)),
        ([(0, 2), (3, 300)], (0, 2)),
        ([(-5, -3)], None),
        ([(-5, 0), (0, 1)], (0, 1)),
        ([(7, 9)], None),
    ],
)
def test_absences_that_follow_each_other_are_one(
    absences: list[tuple[int, int]], away: tuple[int, int] | None
) -> None:
    def span(days: tuple[int, int]) -> tuple[datetime, datetime]:
        return NOW + timedelta(days=days[0]), NOW + timedelta(days=days[1])

    found = away_during(map(span, absences), NEW.begins_at, NEW.ends_at)
    assert found == (None if away is None else span(away))


@pytest.mark.parametrize("by", [standing(BOB), standing(person("x"), "administrator@it", "operator")])
def test_nobody_else_may_not_even_the_delegate(by: Standing) -> None:
    with pytest.raises(NotAllowed, match="Only the person"):
        check(by, absent=True)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"now": NOW + timedelta(days=8)}, "/ends_at"),
        ({"delegate": BOB.model_copy(update={"active": False})}, "/delegate"),
        ({"delegate": BOB.model_copy(update={"service_account": True})}, "/delegate"),
        ({"delegate": BOB.model_copy(update={"natural_person": ADA.id})}, "/delegate"),
        ({"delegator": ADA.model_copy(update={"active": False})}, "/delegator"),
    ],
)
def test_impossible_ones_say_where(changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(standing(ADA), **changes)
    assert pointer in [problem.pointer for problem in caught.value.problems]


def approver(letter: str, *delegates: str) -> Approver:
    named = [f"p_{one * 12}" for one in delegates]
    return Approver(
        person=f"p_{letter * 12}", natural=letter, active=True, service_account=False, delegates=named
    )


def test_entitled_as_oneself_first_then_as_delegate_and_never_through_a_delegate() -> None:
    eligible = [approver("a", "b"), approver("c", "a", "d")]
    assert entitled_through("p_aaaaaaaaaaaa", eligible) == "p_aaaaaaaaaaaa"
    assert entitled_through("p_bbbbbbbbbbbb", eligible) == "p_aaaaaaaaaaaa"
    assert entitled_through("p_dddddddddddd", eligible) == "p_cccccccccccc"
    # b stands for a, and a stands for c; b does not stand for c.
    assert entitled_through("p_bbbbbbbbbbbb", [approver("c", "a")]) is None


@pytest.mark.parametrize(
    "change",
    [
        {"ends_at": NOW},
        {"ends_at": NOW + timedelta(days=400)},
        {"delegate": ADA.id},
        {"begins_at": datetime(2026, 1, 5)},  # noqa: DTZ001  a time without a zone is what is refused
        {"policies": []},
    ],
)
def test_shapes_that_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        NewDelegation.model_validate({**NEW.model_dump(), **change})
