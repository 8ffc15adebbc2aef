"""A refusal as what a step of a record came to: kept like an answer, and given again whenever the step comes again."""

import json
from collections.abc import Mapping

from steadydesk.errors import NotAllowed, Refusal, refusal_named

_TYPE, _MESSAGE, _FACTS = "refused", "message", "facts"


def as_said(refusal: Refusal) -> dict[str, str]:
    """The refusal in the values that an answer has."""
    return {_TYPE: refusal.type, _MESSAGE: refusal.message, _FACTS: json.dumps(refusal.facts())}


def refusal_in(said: Mapping[str, object]) -> Refusal | None:
    """The refusal that ``as_said`` made these of; None for an answer."""
    if _TYPE not in said:
        return None
    kind = refusal_named(str(said[_TYPE])) or NotAllowed
    return kind.restored(str(said[_MESSAGE]), json.loads(str(said[_FACTS])))
