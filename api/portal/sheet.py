"""Tables as CSV files that a spreadsheet opens as text, whatever somebody has typed into a cell."""

import csv
import io
from collections.abc import Iterable

from fastapi import Response

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARK = "\ufeff"
"""Tells spreadsheets that the text is UTF-8."""


def safe_cell(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def sheet(
    name: str, heads: Iterable[str], rows: Iterable[Iterable[str]], note: str | None = None
) -> Response:
    """A download of that name; ``note`` is a last row of its own."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    for row in (heads, *rows, *([[note]] if note else [])):
        writer.writerow([safe_cell(cell) for cell in row])
    return Response(
        (_MARK + written.getvalue()).encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
