"""The pages that people read, and what stands in them."""

import re
from pathlib import Path

from tests.support.stacks import REPOSITORY

DOCS = REPOSITORY / "docs"
TOP = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")


def pages() -> list[Path]:
    return [*(REPOSITORY / name for name in TOP), *sorted(DOCS.rglob("*.md"))]


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def fenced(text: str) -> str:
    """What stands in code blocks."""
    return "\n".join(re.findall(r"^```[^\n]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE))


def prose(text: str) -> str:
    """What stands outside of code blocks."""
    return re.sub(r"^```[^\n]*\n.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them; a repeated one is counted."""
    found: dict[str, int] = {}
    for heading in re.findall(r"^#{1,6} (.+)$", prose(text), re.MULTILINE):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).strip().replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
    return {slug if not n else f"{slug}-{n}" for slug, count in found.items() for n in range(count + 1)}
