"""The page of the stand-in: what it holds, and what it was asked, newest first."""

import json
from html import escape

from pydantic import JsonValue

from steadydesk.stack.stand_in.systems import Asked, Systems

MOST = 200
"""Calls that the page shows."""

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color-scheme:light dark}"
    "table{border-collapse:collapse;width:100%;margin-bottom:2rem}"
    "th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid #8886;vertical-align:top}"
    "td{overflow-wrap:anywhere}"
)
_INTRODUCTION = (
    "These stand in for the directory, the private cloud, the door system and the monitoring of the demo"
    " organisation. They run on this machine alone, and for the demo alone. A call with a key that was seen is"
    " answered as before and done no second time."
)


def page(systems: Systems) -> str:
    """A whole HTML document without scripts."""
    held = [(path, _shown(value)) for path, value in sorted(systems.held.items())]
    asked = [_row(call) for call in reversed(list(systems.asked.values())[-MOST:])]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Systems of the demo</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style><main><h1>Systems of the demo</h1><p>{_INTRODUCTION}</p>"
        f"<h2>What they hold</h2>{_table(('What', 'As'), held)}"
        f"<h2>What they were asked</h2>{_table(('When', 'Call', 'Key', 'With', 'Answer', 'Repeats'), asked)}"
        "</main></html>"
    )


def _row(call: Asked) -> tuple[str, ...]:
    asked = f"{call.method} {call.path}"
    return call.at, asked, call.key, _shown(call.body), str(call.status), str(call.repeats)


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return "<p>Nothing yet.</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _shown(value: JsonValue) -> str:
    return "" if value in (None, {}) else json.dumps(value, ensure_ascii=False)
