"""Approvals are decided together only within one policy, never restricted ones, never above its amount."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from steadydesk.policies.approval_bulk import BulkItem, NotInBulk, kept_from_bulk

LAPTOP = BulkItem("REQ1-G1", "hardware", open=True, restricted=False, amount=1400, currency="EUR", limit=2000)

ITEMS = st.lists(
    st.builds(
        BulkItem,
        gate=st.integers(1, 50).map(str),
        policy=st.sampled_from(["hardware", "access", "expense"]),
        open=st.booleans(),
        restricted=st.booleans(),
        amount=st.sampled_from([0.0, 0.1, 0.2, 250.0, 499.7, 500.0, 500.01, 3000.0]),
        currency=st.sampled_from(["EUR", "USD", None]),
        limit=st.sampled_from([None, 0.0, 500.0]),
    ),
    unique_by=lambda item: item.gate,
)


def test_each_reason_keeps_it_apart() -> None:
    kept = kept_from_bulk(
        [
            replace(LAPTOP, gate="a", restricted=True),
            replace(LAPTOP, gate="b", open=False),
            replace(LAPTOP, gate="c", amount=2000.01),
            LAPTOP,
            replace(LAPTOP, gate="d", amount=600),
            replace(LAPTOP, gate="e", policy="access"),
            replace(LAPTOP, gate="f", amount=0.01),
            replace(LAPTOP, gate="g", amount=2000, currency="USD"),
        ]
    )
    assert kept == {
        "a": NotInBulk.RESTRICTED,
        "b": NotInBulk.NOT_OPEN,
        "c": NotInBulk.ABOVE_LIMIT,
        "e": NotInBulk.OTHER_POLICY,
        "f": NotInBulk.ABOVE_TOGETHER,
    }


def test_without_a_limit_any_amount_and_one_that_has_a_limit_binds_all() -> None:
    free = [replace(LAPTOP, gate=gate, amount=90_000, limit=None) for gate in "ab"]
    assert kept_from_bulk(free) == {}
    bound = replace(LAPTOP, gate="c", amount=1)
    assert kept_from_bulk([*free, bound]) == {"c": NotInBulk.ABOVE_TOGETHER}
    assert kept_from_bulk([bound, *free]) == dict.fromkeys("ab", NotInBulk.ABOVE_TOGETHER)


@given(ITEMS)
def test_what_is_left_is_of_one_policy_and_within_it(chosen: list[BulkItem]) -> None:
    kept = kept_from_bulk(chosen)
    left = [item for item in chosen if item.gate not in kept]
    assert len({item.policy for item in left}) <= 1
    assert all(item.open and not item.restricted for item in left)
    for currency in {item.currency for item in left}:
        cents = sum(round(item.amount * 100) for item in left if item.currency == currency)
        assert all(item.limit is None or cents <= item.limit * 100 for item in left)


@given(ITEMS)
def test_nothing_is_kept_apart_without_a_reason(chosen: list[BulkItem]) -> None:
    kept = kept_from_bulk(chosen)
    fits = [item for item in chosen if kept.get(item.gate) in (None, NotInBulk.OTHER_POLICY)]
    assert not fits or fits[0].gate not in kept
