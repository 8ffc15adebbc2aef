"""`steadydesk catalog [ITEM]`: what can be ordered, and what an item asks for."""

from typing import Annotated, Any

import typer

from steadydesk.cli.client import AsJson, AsUser, Token, api, print_json
from steadydesk.cli.table import Row, print_facts, print_table


def price_of(item: Row) -> str:
    """As the portal says it."""
    if item.get("price_variable"):
        return f"the amount that you state, in {item['currency']}"
    return f"{item['price']:.15g} {item['currency']}" if item["price"] else "free of charge"


COLUMNS = (
    ("ITEM", "key"),
    ("NAME", "name"),
    ("CATEGORY", "category"),
    ("PRICE", price_of),
    ("PROMISE", lambda row: f"{row['promise_hours']:g} h"),
    ("APPROVALS", "approvals"),
)


def register(app: typer.Typer) -> None:
    app.command()(catalog)


def catalog(
    item: Annotated[
        str | None, typer.Argument(help="Key of one item; without it, all that you may order.")
    ] = None,
    token: Token = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """List what you may order, or show one item with its form."""
    found = api(token, as_user).get(f"catalog/items/{item}" if item else "catalog/items")
    if as_json:
        print_json(found)
    elif item:
        _print_item(found)
    else:
        print_table(found["items"], COLUMNS, "There is nothing that you may order.")


def _print_item(item: dict[str, Any]) -> None:
    print_facts(
        [
            ("item", f"{item['key']}: {item['name']}"),
            ("description", item["description"]),
            ("category", item["category"]),
            ("price", price_of(item)),
            ("promise", f"{item['promise_hours']:g} business hours"),
            ("approvals", item["approvals"] or "none needed"),
            ("fulfilled by", item["fulfilment_group"]),
        ]
    )
    form = item["form"]
    fields = [
        {
            "key": key,
            "required": key in form.get("required", []),
            "example": item["example"].get(key),
            **field,
        }
        for key, field in form.get("properties", {}).items()
    ]
    typer.echo("")
    columns = (("FIELD", "key"), ("TITLE", "title"), ("REQUIRED", "required"), ("EXAMPLE", "example"))
    print_table(fields, columns, "It asks for nothing.")
