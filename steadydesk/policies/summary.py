"""What was ordered, in few words, for lists of the Temporal UI and for messages; unless only some may know."""

from collections.abc import Iterable, Sequence

from steadydesk.contracts.language import in_language
from steadydesk.contracts.organisation import Organisation

RESTRICTED = "Restricted request"


def summary_of(organisation: Organisation, items: Sequence[str], *, restricted: bool = False) -> str:
    """The first item's name and how many more there are; nothing of it where a model keeps its records to groups, or
    the request is ``restricted`` as its parent is.
    """
    found = [organisation.catalog[item] for item in items]
    if restricted or any(organisation.process_models[item.model].restricted_to for item in found):
        return RESTRICTED
    first, *others = found
    name = in_language(first.name)
    return f"{name} and {len(others)} more" if others else name


def items_named(organisation: Organisation, ordered: Iterable[tuple[str, int]]) -> dict[str, str]:
    """The names of all items, each with its quantity, by the languages that they have; English for plain names."""
    items = [(organisation.catalog[key].name, quantity) for key, quantity in ordered]
    languages = {"en"}.union(*(name for name, _ in items if isinstance(name, dict)))
    return {
        language: ", ".join(_counted(in_language(name, language), quantity) for name, quantity in items)
        for language in sorted(languages)
    }


def _counted(name: str, quantity: int) -> str:
    return name if quantity == 1 else f"{quantity} x {name}"
