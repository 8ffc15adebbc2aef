"""`python -m docs.generate` writes the pages that are made from the code; `--check` only names those that are stale."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from docs.reference.api import api_page
from docs.reference.cli import cli_page
from docs.reference.demo import demo_page
from docs.reference.events import events_page
from docs.reference.numbers import with_numbers
from docs.reference.settings import settings_page
from docs.reference.workflows import workflows_page
from steadydesk.configuration.reference import renew

DOCS = Path(__file__).parent

PAGES: dict[str, Callable[[], str]] = {
    "api.md": api_page,
    "cli.md": cli_page,
    "demo.md": demo_page,
    "events.md": events_page,
    "settings.md": settings_page,
    "workflows.md": workflows_page,
}
"""Pages that are made as a whole."""

PARTS: dict[str, Callable[[str], str]] = {
    "configuration.md": renew,
    "processes/request.md": with_numbers,
}
"""Pages that are written by hand around a generated part."""


def generated() -> Iterator[tuple[Path, str]]:
    """Every file with what it should hold."""
    for name, make in PAGES.items():
        yield DOCS / name, make()
    for name, make_part in PARTS.items():
        yield DOCS / name, make_part((DOCS / name).read_text(encoding="utf-8"))


def main(arguments: list[str]) -> int:
    """Exit code 1 when ``--check`` found a stale page."""
    stale = [
        (path, text) for path, text in generated() if not path.exists() or path.read_text("utf-8") != text
    ]
    for path, text in stale:
        print(path.relative_to(DOCS.parent))
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
