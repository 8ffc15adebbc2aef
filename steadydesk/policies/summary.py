"""What the lists of the Temporal UI say of a request: what was ordered, unless only some may know."""

from collections.abc import Sequence

from steadydesk.contracts.language import in_language
from steadydesk.contracts.organisation import Organisation

RESTRICTED = "Restricted request"


def summary_of(organisation: Organisation, items: Sequence[str]) -> str:
    """The first item's name and how many more there are; nothing of it where a model keeps its records to groups."""
    found = [organisation.catalog[item] for item in items]
    if any(organisation.process_models[item.model].restricted_to for item in found):
        return RESTRICTED
    first, *others = found
    name = in_language(first.name)
    return f"{name} and {len(others)} more" if others else name
