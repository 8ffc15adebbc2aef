from pathlib import Path

import pytest

from steadydesk.configuration.problem import Place
from steadydesk.configuration.yaml_source import LARGEST_FILE, read_file, read_yaml

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


def test_keys_and_values_have_places() -> None:
    source = read_yaml("catalog:\n  vpn:\n    names: [a, {deep: 1}]\n", "it.yaml")
    assert source.data == {"catalog": {"vpn": {"names": ["a", {"deep": 1}]}}}
    assert source.places["catalog", "vpn"] == (Place("it.yaml", 2, 3), Place("it.yaml", 3, 5))
    assert source.places["catalog", "vpn", "names", 1, "deep"].value == Place("it.yaml", 3, 23)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-3", -3), ("1.5", 1.5), ("1e3", 1000.0), ("true", True), ("null", None), ("", None), ("~", None),
        ("'1'", "1"), ('"true"', "true"), ("yes", "yes"), ("no", "no"), ("on", "on"), ("08:00", "08:00"),
        ("2027-03-31", "2027-03-31"), ("0x1F", "0x1F"), ("012", 12), (".inf", ".inf"), ("1e999", "1e999"),
        ("1" * 30, "1" * 30), ("!!str 12", "12"),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    assert read_yaml(f"a: {text}\n", "a.yaml").data == {"a": value}


@pytest.mark.parametrize(
    ("text", "rule", "place", "words"),
    [
        ("a: 1\nb: x\x07y\n", "C002", (2, 5), "U+0007"),
        (BOMB, "C004", (1, 4), "anchors and aliases"),
        ("a: *missing\n", "C004", (1, 4), "anchors and aliases"),
        ("base: {a: 1}\nb:\n  <<: {c: 1}\n", "C004", (3, 3), "merge keys"),
        ("a: !!python/object/apply:os.system ['true']\n", "C004", (1, 4), "tag"),
        ("a: !!binary aGk=\n", "C004", (1, 4), "tag"),
        ("a: 1\n---\nb: 2\n", "C004", (2, 1), "one document"),
        ("? [a, b]\n: 1\n", "C004", (1, 3), "key"),
        ("[" * 5_000, "C004", (1, 42), "nested"),
        ("- " * 300 + "x\n", "C004", None, "nested"),
        ("a: [" + "1, " * 60_000 + "1]\n", "C004", None, "50,000"),
        ("a: 1\nb: 2\na: 3\n", "C003", (3, 1), "a.yaml:1:1"),
        ("a:\n\tb: 1\n", "C002", (2, 1), "tab"),
        ("a: [1, 2\nb: 3\n", "C002", (2, 2), "YAML"),
        ('a: "open\n', "C002", None, "YAML"),
        ("a: b: c\n", "C002", (1, 5), "YAML"),
        ("a: \x00\n", "C002", None, "YAML"),
        ("a: @b\n", "C002", (1, 4), "YAML"),
        ("%YAML 9.9 oops\n---\na: 1\n", "C002", None, "YAML"),
        ("x" * (LARGEST_FILE + 1), "C001", (1, 1), "larger"),
    ],
)
def test_hostile_files_are_refused_with_a_place(
    text: str, rule: str, place: tuple[int, int] | None, words: str
) -> None:
    source = read_yaml(text, "a.yaml")
    assert [problem.rule for problem in source.problems] == [rule]
    problem = source.problems[0]
    assert words in problem.message
    assert problem.place.file == "a.yaml"
    assert problem.place.line >= 1
    assert problem.place.column >= 1
    if place is not None:
        assert problem.place[1:] == place


def test_bytes_that_are_no_text_are_refused_where_they_begin(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes("a: 1\nb: M\xfcller\n".encode("latin-1"))
    (problem,) = read_file(file).problems
    assert problem.place == (str(file), 2, 5)
    assert problem.rule == "C001"


def test_what_cannot_be_opened_or_is_huge_is_refused(tmp_path: Path) -> None:
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as file:
        file.truncate(10_000_000)
    assert "larger" in read_file(huge).problems[0].message
    assert "cannot be read" in read_file(tmp_path).problems[0].message
    assert "cannot be read" in read_file(tmp_path / "absent.yaml").problems[0].message


@pytest.mark.parametrize(
    ("text", "character"), [('a: "x\\0y"\n', "U+0000"), ('b: 1\n"\\uD83D": 1\n', "U+D83D")]
)
def test_what_no_database_keeps_is_refused_where_it_stands(text: str, character: str) -> None:
    source = read_yaml(text, "a.yaml")
    assert source.data is None
    [problem] = source.problems
    place = (1, 4) if character == "U+0000" else (2, 1)
    assert (problem.rule, problem.place[1:], character in problem.message) == ("C004", place, True)
