"""An error hides no other one, and what could not be read is never called missing."""

from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from steadydesk.configuration.install import DEMO
from steadydesk.configuration.linter import lint
from steadydesk.configuration.loader import DIRECTORY_FILE, load
from steadydesk.configuration.problem import Problem
from tests.support.demo_organisation import (
    DELETE,
    TODAY,
    Edits,
    demo_data,
    demo_directory,
    edited,
    problems_of,
)

FUNCTION = ("functions", "it")
VPN = ("catalog", "vpn-access")
DANGLING: Edits = {(*VPN, "calendar"): "berlin-ofice"}
FILES = sorted(str(file.relative_to(DEMO)) for file in DEMO.rglob("*.yaml") if file != DEMO / DIRECTORY_FILE)


@pytest.mark.parametrize(
    ("rule", "edits"),
    [
        ("C005", {(*FUNCTION, "foo"): "x"}),
        ("C005", {("foo",): "x"}),
        ("C005", {("organisation", "foo"): "x"}),
        ("C005", {(*VPN, "foo"): "x"}),
        ("C005", {("catalog", "joiner", "aproval"): "x"}),
        ("C006", {(*FUNCTION, "owner"): DELETE}),
        ("C006", {("organisation",): DELETE}),
        ("C006", {("organisation", "name"): DELETE}),
        ("C007", {(*FUNCTION, "review_by"): "soon"}),
        ("C007", {("services",): []}),
        ("C007", {("organisation", "survey_percent"): 300}),
        ("C007", {("organisation", "survey_every_days"): 10**9}),
        ("C007", {("organisation", "languages"): []}),
        ("C008", {("catalog", "new-laptop", "promise"): 8}),
    ],
)
def test_an_error_of_reading_hides_no_finding_of_the_rules(rule: str, edits: Edits) -> None:
    alone = {problem.rule for problem in problems_of(edited(edits))}
    assert alone == {rule}, problems_of(edited(edits))
    assert {problem.rule for problem in problems_of(edited(edits | DANGLING))} == {rule, "C101"}


def _entries() -> list[tuple[str, str]]:
    return [(section, key) for section, entries in demo_data().items() for key in entries]


@pytest.mark.parametrize(("section", "key"), _entries())
def test_nothing_is_missing_that_stands_in_an_entry_which_could_not_be_read(section: str, key: str) -> None:
    data: dict[str, Any] = demo_data()
    data[section][key] = 5.5
    found = problems_of(data)
    assert {problem.rule for problem in found} == {"C007"}, found


@pytest.mark.parametrize(("connector", "key"), [("cloud", "base_url"), ("monitoring", "url")])
def test_what_is_no_address_is_told_and_no_failure(connector: str, key: str) -> None:
    data = edited({("connectors", connector, "config", key): "https://[::1"})
    assert [problem.rule for problem in problems_of(data)] == ["C701"], problems_of(data)


@pytest.mark.parametrize(("section", "key"), _entries())
def test_nothing_is_missing_that_stands_in_the_entry_above(section: str, key: str) -> None:
    """As it does where it is indented too far."""
    data: dict[str, Any] = demo_data()
    above = next((name for name in data[section] if name != key), None)
    if section == "organisation" or above is None:
        return
    data[section][above][key] = data[section].pop(key)
    assert {problem.rule for problem in problems_of(data)} == {"C005"}, problems_of(data)
    data[section][above] = {"label": 5.5, "week": {key: data[section][above].pop(key)}}
    told = {problem.rule for problem in problems_of(data)}
    assert told <= {"C005", "C006", "C007"}, problems_of(data)


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_missing_that_stands_in_a_file_which_could_not_be_read(tmp_path: Path, name: str) -> None:
    folder = copytree(DEMO, tmp_path / "demo")
    (folder / name).write_text("catalog: [\n", encoding="utf-8")
    assert {problem.rule for problem in _problems(folder)} == {"C002"}, _problems(folder)
    (folder / "more.yaml").write_text("functions:\n  legal:\n    label: Legal\n", encoding="utf-8")
    assert {problem.rule for problem in _problems(folder)} == {"C002", "C006"}


def test_a_key_that_is_given_twice_hides_no_finding(tmp_path: Path) -> None:
    folder = copytree(DEMO, tmp_path / "demo")
    text = "functions:\n  garden:\n    label: {en: Garden, de: Garten}\n    owner: nobody-here\n"
    text += "    review_by: 2030-01-01\n  it:\n    label: IT\n"
    (folder / "zz.yaml").write_text(text, encoding="utf-8")
    assert {problem.rule for problem in _problems(folder)} == {"C003", "C102", "C806"}


def _problems(folder: Path) -> list[Problem]:
    return lint(load(folder), TODAY, demo_directory())
