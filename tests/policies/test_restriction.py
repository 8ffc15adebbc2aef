"""To which groups a record is restricted, by its own models and its parent."""

import pytest

from steadydesk.policies.restriction import answering_groups, groups_of


@pytest.mark.parametrize(
    ("own", "parent", "found"),
    [
        ("", "", ""),
        ("b a", "", "a b"),
        ("", "a b", "a b"),
        ("a", "a b", "a"),
        ("a b", "a", "a"),
        ("a c", "a b", "a"),
        ("c", "a b", "a b"),
    ],
)
def test_no_restriction_is_wider_than_that_of_the_parent(own: str, parent: str, found: str) -> None:
    assert groups_of(own.split(), parent.split()) == found.split()


def test_the_groups_of_a_restricted_record_answer_for_it_themselves() -> None:
    assert answering_groups([], "voices") == ["voices"]
    assert answering_groups(["a", "b"], "voices") == ["a", "b"]
