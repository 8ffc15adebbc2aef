from pathlib import Path

import pytest

from steadydesk.stack.child import LOGS_KEPT, last_lines, rotate
from steadydesk.stack.log_watch import LogWatch


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "x", "level": "warning"}',
        "2026-11-22T23:36:10Z [error    ] bad   [api]",
        "2026-11-22 UTC [1] PANIC:  could not write",
        "2026-11-22 UTC [1] FATAL:  could not open file",
    ],
)
def test_troubles_are_mentioned_once_with_their_number_and_place(tmp_path: Path, line: str) -> None:
    log, told = tmp_path / "w.log", list[str]()
    watch = LogWatch({"worker": log}, lambda _, text: told.append(text), verbose=False)
    log.write_text(f"{line}\n[info     ] fine\n{line}\n")
    watch.look()
    watch.look()
    assert told == [f"{line} (and 1 more); see {log}"]


@pytest.mark.parametrize(
    "line",
    ["[info     ] a warning was sent", "FATAL:  the database system is starting up", '{"level":"info"}'],
)
def test_what_is_no_trouble_is_not_mentioned(tmp_path: Path, line: str) -> None:
    log, told = tmp_path / "w.log", list[str]()
    log.write_text(f"{line}\n")
    LogWatch({"worker": log}, lambda _, text: told.append(text), verbose=False).look()
    assert told == []


def test_of_a_traceback_the_last_line_is_told(tmp_path: Path) -> None:
    log, told = tmp_path / "w.log", list[str]()
    watch = LogWatch({"worker": log}, lambda _, text: told.append(text), verbose=False)
    trace = 'Traceback (most recent call last):\n  File "w.py", line 1, in go\n    raise X\n'
    log.write_text(f"{trace}OSError: no paint\n[info     ] fine\n{trace}KeyError: 'red'\n")
    watch.look()
    assert told == [f"OSError: no paint (and 1 more); see {log}"]


def test_verbose_shows_whole_lines_only_and_follows_a_new_file(tmp_path: Path) -> None:
    log, told = tmp_path / "w.log", list[str]()
    watch = LogWatch({"worker": log}, lambda _, text: told.append(text), verbose=True)
    log.write_text("one\ntw")
    watch.look()
    assert told == ["one"]
    with log.open("a") as file:
        file.write("o\n")
    watch.look()
    assert told == ["one", "two"]
    log.write_text("new\n")
    watch.look()
    assert told == ["one", "two", "new"]


def test_old_logs_are_kept_up_to_a_number(tmp_path: Path) -> None:
    log = tmp_path / "w.log"
    for number in range(LOGS_KEPT + 3):
        log.write_text(str(number))
        rotate(log)
    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept == {f"w.log.{age}": str(LOGS_KEPT + 3 - age) for age in range(1, LOGS_KEPT + 1)}


def test_the_last_lines_go_under_a_message(tmp_path: Path) -> None:
    log = tmp_path / "w.log"
    log.write_text("".join(f"line {number}\n" for number in range(1000)))
    assert last_lines(log, 2) == "\n    line 998\n    line 999"
    assert last_lines(tmp_path / "none.log") == ""
