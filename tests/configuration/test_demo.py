"""The demo is complete and clean, and no damage to it ends in anything but problems with a place."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steadydesk.configuration.install import DEMO
from steadydesk.configuration.loader import load
from steadydesk.configuration.problem import Problem, Severity
from steadydesk.configuration.yaml_source import read_yaml
from steadydesk.contracts.form import FieldKind
from steadydesk.contracts.language import LocalisedText
from steadydesk.contracts.plan import StepKind
from steadydesk.contracts.process_model import Phase
from steadydesk.policies.form import check
from tests.support.demo_organisation import (
    FILE,
    TODAY,
    demo_data,
    demo_directory,
    demo_organisation,
    problems_of,
)

ORGANISATION = demo_organisation()
NAMED = {
    "application-access", "new-laptop", "joiner", "mover", "leaver", "vpn-access", "virtual-machine", "mailing-list",
    "meeting-room-setup", "expense-payment", "hr-conversation",
}  # fmt: skip
GARBAGE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=20),
    st.just([]), st.just({}), st.just({"value": None}), st.just([[{}]]), st.just("2026-02-30"), st.just("PT-1"),
    st.just({"en": "x", "de": None}), st.just("x" * 5_000),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


def paths(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in parts for found in ((*path, key), *paths(inner, (*path, key)))]


PATHS = paths(demo_data())
TEXTS = {file.name: file.read_text(encoding="utf-8") for file in sorted(DEMO.rglob("*.yaml"))}


def holds_places(problems: list[Problem], name: str) -> None:
    for problem in problems:
        assert problem.place.file.endswith(name)
        assert problem.place.line >= 1
        assert problem.place.column >= 1
        assert problem.message


def every_text(text: LocalisedText) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


def test_the_named_items_are_there_over_four_functions() -> None:
    assert NAMED - ORGANISATION.catalog.keys() == set()
    assert {item.function for item in ORGANISATION.catalog.values()} == {"it", "hr", "facilities", "finance"}
    assert len({calendar.zone for calendar in ORGANISATION.calendars.values()}) >= 2
    assert {connector.kind for connector in ORGANISATION.connectors.values()} == {"http", "smtp", "webhook"}
    assert {step.kind for item in ORGANISATION.catalog.values() for step in item.plan.steps.values()} == set(
        StepKind
    )


@pytest.mark.parametrize("key", ORGANISATION.catalog)
def test_an_example_satisfies_its_form(key: str) -> None:
    item = ORGANISATION.catalog[key]
    assert check(item.form, item.example) == []
    for name in item.example:
        without = {other: value for other, value in item.example.items() if other != name}
        missing = check(item.form, without)
        assert bool(missing) == (
            item.form.fields[name].required and item.form.fields[name].visible_when is None
        ) or (item.form.fields[name].required_when is not None)


def test_a_departure_is_seen_by_hr_and_by_those_alone_who_work_on_it() -> None:
    leaver = ORGANISATION.catalog["leaver"]
    steps = leaver.plan.steps.values()
    working = {leaver.fulfilment_group, *(step.group for step in steps if step.group is not None)}
    assert set(ORGANISATION.process_models["leaver-case"].restricted_to) == working | {"hr-management"}


def test_what_waits_for_the_effective_date_follows_it_when_it_moves() -> None:
    waits = [
        (key, item.effective_at, step.until.path if step.until else None)
        for key, item in ORGANISATION.catalog.items()
        for step in item.plan.steps.values()
        if item.effective_at is not None and step.kind is StepKind.WAIT
    ]
    assert {key for key, _, _ in waits} == {"joiner", "meeting-room-setup", "mover"}
    assert [key for key, field, source in waits if source == f"variables.{field}"] == []


def test_the_expense_chain_is_as_the_organisation_wants_it() -> None:
    policy = ORGANISATION.approval_policies[str(ORGANISATION.catalog["expense-payment"].approval)]
    assert list(policy.stages) == ["administration", "budget-owner", "supervisor", "director"]
    assert policy.on_rejection == "return"


def test_the_hr_case_has_states_of_its_own() -> None:
    model = ORGANISATION.process_models["hr-case"]
    assert model.restricted_to == ["hr-confidential"]
    entries = [model.entry(phase) for phase in (Phase.RECEIVED, Phase.FULFILMENT, Phase.COMPLETE)]
    assert entries == ["received", "in-talks", "settled"]


def test_a_mail_has_its_link_once_and_an_approval_says_what_it_is_for() -> None:
    bodies = [text for template in ORGANISATION.templates.values() for text in every_text(template.text)]
    assert not [text for text in bodies if "{{ link }}" in text], "the mail puts it below the text"
    subjects = every_text(ORGANISATION.templates["approval.requested"].subject)
    assert all("{{ title }}" in subject for subject in subjects)


def test_a_joiner_may_be_somebody_who_is_in_no_directory_yet() -> None:
    field = ORGANISATION.catalog["joiner"].form.fields["person"]
    assert field.kind is FieldKind.PERSON
    assert field.future_person
    assert isinstance(ORGANISATION.catalog["joiner"].example["person"], dict)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PATHS), GARBAGE)
def test_garbled_values_are_problems_with_a_place(path: tuple[Any, ...], garbage: object) -> None:
    data = demo_data()
    holder: Any = data
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = garbage
    holds_places(problems_of(data), FILE)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PATHS))
def test_removed_values_are_problems_with_a_place(path: tuple[Any, ...]) -> None:
    data = demo_data()
    holder: Any = data
    for part in path[:-1]:
        holder = holder[part]
    del holder[path[-1]]
    problems = problems_of(data)
    holds_places(problems, FILE)
    referred = len(path) == 2 and f"'{path[-1]}'" in repr(data)
    if referred and path[0] in ("functions", "calendars", "approval_policies", "connectors"):
        assert any(problem.severity is Severity.ERROR for problem in problems)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_renamed_key_is_a_problem_with_a_place(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([path for path in PATHS if isinstance(path[-1], str)]))
    name = data.draw(st.sampled_from([f"{path[-1]}x", "Größe", "a b", "", "null"]))
    changed = demo_data()
    holder: Any = changed
    for part in path[:-1]:
        holder = holder[part]
    holder[name] = holder.pop(path[-1])
    holds_places(problems_of(changed), FILE)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_garbled_text_is_problems_with_a_place(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name, text in TEXTS.items() if len(text) < 6_000]))
    text = TEXTS[name]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    new = data.draw(
        st.sampled_from(
            ["", "\t", "\n", ": ", "- ", "{", "]", '"', "&a ", "*a", "!x ", "#", "\x00", "%", "|\n"]
        )
    )
    holds_places(read_yaml(text[:start] + new + text[end:], name).problems, name)


@pytest.mark.parametrize("cut", [100, 1_100, 3_000])
def test_a_folder_with_a_file_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text if name != "hr.yaml" else text[:cut], encoding="utf-8")
    loaded = load(tmp_path)
    assert loaded.organisation is None
    holds_places(loaded.problems, "hr.yaml")


def test_the_demo_says_the_same_as_json() -> None:
    """JSON is YAML: configuration that a program writes is read as well."""
    source = read_yaml(json.dumps(demo_data(), ensure_ascii=False), FILE)
    assert source.problems == []
    assert source.data == demo_data()


def test_the_demo_is_read_as_of_a_day_on_which_nothing_is_overdue() -> None:
    dates = [entry.review_by for entry in ORGANISATION.catalog.values()]
    assert min(dates) > TODAY
    assert demo_directory().people >= {"ada.admin", "rita.requester"}
