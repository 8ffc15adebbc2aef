"""What the functions of the organisation are called."""

from steadydesk.contracts.language import in_language
from steadydesk.contracts.organisation import Organisation


def function_labels(organisation: Organisation, language: str) -> dict[str, str]:
    """By key, in the reader's language."""
    return {key: in_language(one.label, language) for key, one in organisation.functions.items()}
