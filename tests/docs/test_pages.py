"""Pages lead somewhere, name what exists, and say nothing about the machine they were written on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.reference.api import routes
from docs.reference.cli import commands
from tests.docs.pages import DOCS, anchors, fenced, name_of, pages, prose
from tests.support.stacks import REPOSITORY

LINK = re.compile(r"!?\[[^]]*\]\(([^)\s]+)\)")
CALL = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/api/v1/[^\s`?'\"]+)")
COMMAND = re.compile(
    r"(?:^|\$ )(?:\.venv/bin/)?steadydesk ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)", re.MULTILINE
)
OPTION = re.compile(r"(?:^|\$ )(?:\.venv/bin/)?(steadydesk [^\n|]*?)(?= #|\n|$)", re.MULTILINE)
TARGET = re.compile(r"`make ([a-z-]+)|^make ([a-z-]+)", re.MULTILINE)
OUTSIDE = ("http://", "https://", "mailto:")

every_page = pytest.mark.parametrize("page", pages(), ids=name_of)


def links(page: Path) -> Iterator[str]:
    """Links within the project; a pattern in code may look like one."""
    words = re.sub(r"`[^`\n]*`", "", prose(page.read_text(encoding="utf-8")))
    yield from (link for link in LINK.findall(words) if not link.startswith(OUTSIDE))


@every_page
def test_links_resolve(page: Path) -> None:
    broken = []
    for link in links(page):
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


def test_every_page_can_be_reached_from_the_index() -> None:
    seen: set[Path] = set()
    ahead = [DOCS / "README.md"]
    while ahead:
        page = ahead.pop()
        seen.add(page)
        for link in links(page):
            file = (page.parent / link.partition("#")[0]).resolve()
            if file.suffix == ".md" and file.exists() and file not in seen:
                ahead.append(file)
    assert [name_of(page) for page in DOCS.rglob("*.md") if page not in seen] == []


@every_page
def test_nothing_tells_of_the_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert str(REPOSITORY) not in text
    assert re.findall(r"(?<![\w.])/(?:root|home|Users|work)/\S*", text) == []
    assert "sdk_" not in re.sub(r"`?sdk_…`?", "", text), "a token"


@every_page
def test_routes_that_are_named_exist(page: Path) -> None:
    patterns = [(method, _pattern(path)) for method, path in routes()]
    unknown = [
        f"{method} {path}"
        for method, path in CALL.findall(page.read_text(encoding="utf-8"))
        if not any(method == known and re.fullmatch(pattern, _clean(path)) for known, pattern in patterns)
    ]
    assert unknown == []


@every_page
def test_commands_that_are_shown_exist(page: Path) -> None:
    found = dict(commands())
    known = {name.removeprefix("steadydesk ") for name in found}
    shown = COMMAND.findall(fenced(page.read_text(encoding="utf-8")))
    assert [words for words in shown if words not in known and words.partition(" ")[0] not in known] == []


@every_page
def test_options_that_are_shown_exist(page: Path) -> None:
    unknown = []
    for line in OPTION.findall(fenced(page.read_text(encoding="utf-8"))):
        command = next((each for name, each in commands() if f"{line} ".startswith(f"{name} ")), None)
        if command is not None:
            options = {
                opt for parameter in command.params for opt in (*parameter.opts, *parameter.secondary_opts)
            }
            unquoted = re.sub(r"\"[^\"]*\"", "", line)
            unknown += [option for option in re.findall(r" (--[a-z-]+)", unquoted) if option not in options]
    assert unknown == []


@every_page
def test_make_targets_that_are_named_exist(page: Path) -> None:
    targets = set(
        re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = {first or second for first, second in TARGET.findall(page.read_text(encoding="utf-8"))}
    assert named - targets == set()


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("0*.md")), ids=name_of)
def test_a_decision_is_complete_and_held_by_a_test(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Context",
        "Decision",
        "Consequences",
        "Alternatives",
        "Held by",
    ]
    assert "tests/" in text.partition("## Held by")[2]
    assert len(text.splitlines()) <= 50
    assert page.name in (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")


def _pattern(path: str) -> str:
    return re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))


def _clean(path: str) -> str:
    """As it stands in a sentence or in a table."""
    return path.rstrip(".,;:)|/")
