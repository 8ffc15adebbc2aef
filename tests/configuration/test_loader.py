from pathlib import Path

import pytest

from steadydesk.configuration.loader import load

SETTINGS = """organisation:
  name: Small
  complaints_group: desk
  suggestions_group: desk
  leavers_group: desk
"""
FUNCTION = """functions:
  {key}:
    label: IT
    owner: desk
    review_by: 2030-01-01
"""

ENDLESS = """approval_policies:
  a:
    label: A
    bulk_limit: 1e999
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_sections_of_several_files_are_one_organisation(tmp_path: Path) -> None:
    sub = tmp_path / "more"
    sub.mkdir()
    write(tmp_path, a=SETTINGS + FUNCTION.format(key="it"), empty="# nothing yet\n")
    write(sub, b=FUNCTION.format(key="hr"))
    loaded = load(tmp_path)
    assert loaded.problems == []
    assert loaded.organisation is not None
    assert list(loaded.organisation.functions) == ["it", "hr"]


def test_the_directory_and_hidden_files_are_not_configuration(tmp_path: Path) -> None:
    write(tmp_path, a=SETTINGS, directory="people: nonsense\n")
    (tmp_path / ".draft.yaml").write_text("nonsense: [", encoding="utf-8")
    assert load(tmp_path).problems == []


def test_a_key_of_two_files_is_an_error_with_both_places(tmp_path: Path) -> None:
    write(tmp_path, a=SETTINGS + FUNCTION.format(key="it"), b=FUNCTION.format(key="it"))
    loaded = load(tmp_path)
    assert loaded.organisation is None
    (problem,) = loaded.problems
    assert str(problem).startswith(f"{tmp_path}/b.yaml:2:3: error C003: ")
    assert f"{tmp_path}/a.yaml:7:3" in problem.message


@pytest.mark.parametrize(
    ("text", "place", "rule", "words"),
    [
        (SETTINGS + "  nmae: X\n", "6:3", "C005", "unknown key 'nmae'; did you mean 'name'?"),
        (SETTINGS + "catalogue: {}\n", "6:1", "C005", "did you mean 'catalog'?"),
        (SETTINGS.replace("  name: Small\n", ""), "1:1", "C006", "'name' is missing here"),
        (SETTINGS + "  survey_percent: 300\n", "6:19", "C007", "less than or equal to 100"),
        (
            SETTINGS + FUNCTION.format(key="it") + ENDLESS,
            "14:17",
            "C007",
            "a number that is not endless is expected",
        ),
        (
            SETTINGS + FUNCTION.format(key="it").replace("desk", ""),
            "9:5",
            "C007",
            "'owner': text is expected",
        ),
        (SETTINGS + "  survey_percent: many\n", "6:19", "C007", "a whole number is expected"),
        (SETTINGS + "  languages: en\n", "6:14", "C007", "a list is expected"),
        (SETTINGS + "  languages: []\n", "6:14", "C007", "at least one language"),
        (SETTINGS + "  languages: [en, deutsch-xx-1]\n", "6:19", "C007", "'deutsch-xx-1' is no language"),
        (SETTINGS + "  languages: [en, en, de]\n", "6:14", "C007", "'en' is named twice"),
        (
            SETTINGS + "calendars:\n  c:\n    week:\n      monday: []\n",
            "9:7",
            "C007",
            "'monday' cannot be a key; one of 'mon', 'tue'",
        ),
        (SETTINGS + "  languages: [en, 5]\n", "6:19", "C007", "text is expected"),
        (SETTINGS + "functions:\n  'Bad Key': {}\n", "7:3", "C007", "'Bad Key' cannot be a key"),
        (SETTINGS + "functions: []\n", "6:12", "C007", "a map of keys is expected"),
        (
            SETTINGS + FUNCTION.format(key="it").replace("2030-01-01", "soon"),
            "10:16",
            "C007",
            "a date such as",
        ),
        (
            SETTINGS + FUNCTION.format(key="it").replace("label: IT", "label: ''"),
            "8:12",
            "C007",
            "must not be empty",
        ),
        (SETTINGS.replace("Small", "{en: 3}"), "2:14", "C007", "text is expected"),
        ("- a\n", "1:1", "C007", "sections such as 'catalog:'"),
        ("just words\n", "1:1", "C007", "sections such as 'catalog:'"),
    ],
)
def test_every_error_has_its_place_and_what_would_be_right(
    tmp_path: Path, text: str, place: str, rule: str, words: str
) -> None:
    loaded = load(write(tmp_path, a=text))
    assert loaded.organisation is None
    found = [str(problem) for problem in loaded.problems]
    assert any(
        line.startswith(f"{tmp_path}/a.yaml:{place}: error {rule}: ") and words in line for line in found
    ), found


def test_a_duration_without_a_unit_is_no_number_of_seconds(tmp_path: Path) -> None:
    item = "catalog:\n  laptop:\n    promise: 8\n"
    found = [str(problem) for problem in load(write(tmp_path, a=SETTINGS + item)).problems]
    assert any(f"{tmp_path}/a.yaml:8:14: error C008: '8' has no unit; write" in line for line in found)


def test_what_is_promised_at_once_is_no_promise(tmp_path: Path) -> None:
    item = "catalog:\n  laptop:\n    promise: PT0S\n"
    found = [str(problem) for problem in load(write(tmp_path, a=SETTINGS + item)).problems]
    assert any(f"{tmp_path}/a.yaml:8:14: " in line and "greater than 0" in line for line in found), found


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    assert "no YAML file" in load(tmp_path).problems[0].message
    assert "no such folder" in load(tmp_path / "absent").problems[0].message


def test_one_broken_file_does_not_hide_that_the_rest_is_not_taken(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, a=SETTINGS, b="functions: [\n"))
    assert loaded.organisation is None
    assert [problem.rule for problem in loaded.problems] == ["C002"]


def test_what_is_defined_for_the_second_time_is_not_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        a=SETTINGS + FUNCTION.format(key="it"),
        b="functions:\n  it:\n    label: X\n",
        c="functions:\n",
    )
    places = [
        (problem.place.file.rpartition("/")[2], problem.place.line, problem.rule)
        for problem in load(tmp_path).problems
    ]
    assert places == [("b.yaml", 2, "C003"), ("c.yaml", 1, "C003")]
