"""Small pieces of Markdown that the generated pages are made of."""

from collections.abc import Iterable, Sequence

NOTICE = "<!-- Made by `make docs` from the code; a test holds that it is current. Do not edit. -->"


def page(title: str, *blocks: str) -> str:
    """A whole page: its title, the notice, and its blocks with one empty line between them."""
    return "\n\n".join([f"# {title}", NOTICE, *(block.strip("\n") for block in blocks if block)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or nothing where there are no rows."""
    lines = [_row(row) for row in rows]
    return "\n".join([_row(head), "|" + "---|" * len(head), *lines]) if lines else ""


def one_line(text: str | None) -> str:
    """Docstrings and descriptions without their line ends, and with Markdown's code marks."""
    return " ".join((text or "").split()).replace("``", "`")


def first_sentence(text: str | None) -> str:
    """What stands before the first full stop or paragraph."""
    paragraph = (text or "").strip().split("\n\n")[0]
    sentence, stop, _ = one_line(paragraph).partition(". ")
    return sentence + ("." if stop else "")


def code(text: str) -> str:
    return f"`{text}`"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
