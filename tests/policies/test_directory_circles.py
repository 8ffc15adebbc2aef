"""Circles of managers that a document would make."""

import itertools
from collections.abc import Mapping

import pytest

from steadydesk.contracts.directory_document import DirectoryDocument, PersonEntry
from steadydesk.policies.directory import Present, circular


def entries(managers: Mapping[str, str | None]) -> list[PersonEntry]:
    return [PersonEntry(user_name=name, name=name, manager=above) for name, above in managers.items()]


def found(before: dict[str, str | None], then: list[PersonEntry]) -> list[str]:
    present = Present(people={entry.user_name: entry for entry in entries(before)})
    return [problem.pointer for problem in circular(present, DirectoryDocument(people=then))]


@pytest.mark.parametrize(
    ("before", "then", "pointers"),
    [
        ({}, {"ann": "ben", "ben": "cem", "cem": "ann", "dan": "ann"}, [0, 1, 2]),
        ({"ann": "ben", "ben": None}, {"dan": None, "ben": "ann"}, [1]),
        ({"ann": "ben", "ben": "cem", "cem": None}, {"cem": "ann"}, [0]),
        ({}, {"ann": "ann"}, []),  # nobody above
        ({"ann": "ben", "ben": None}, {"ben": "ann", "ann": None}, []),  # both change places
        ({"ann": "ben", "ben": "ann"}, {"ann": "ben", "ben": "ann", "cem": "ann"}, []),  # stands already
        ({"ann": "ben", "ben": "ann"}, {"ann": "cem", "cem": "ben"}, [0, 1]),  # a longer one instead
        ({"ann": "ben", "ben": "ann"}, {"ben": None}, []),
    ],
)
def test_each_entry_in_a_new_circle_is_named_whatever_their_order(
    before: dict[str, str | None], then: dict[str, str | None], pointers: list[int]
) -> None:
    listed = entries(then)
    named = {listed[index].user_name for index in pointers}
    for order in itertools.permutations(listed):
        expected = [f"/people/{index}/manager" for index, one in enumerate(order) if one.user_name in named]
        assert found(before, list(order)) == expected


def test_a_manager_that_is_not_given_is_as_it_was() -> None:
    assert found({"ann": "ben", "ben": None}, [PersonEntry(user_name="ann", name="Ann")]) == []


def test_the_words_name_who_is_in_it() -> None:
    pair = DirectoryDocument(people=entries({"ann": "ben", "ben": "ann"}))
    assert ["'ben' → 'ann' → 'ben'" in problem.message for problem in circular(Present(), pair)] == [
        False,
        True,
    ]
    many = {f"p{index}": f"p{(index + 1) % 3000}" for index in range(3000)}
    problems = circular(Present(), DirectoryDocument(people=entries(many)))
    assert len(problems) == 3000
    assert "'p5' → … → 'p0'" in problems[0].message
    assert "'p2' → … → 'p2997'" in problems[2997].message
