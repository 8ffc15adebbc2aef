"""Query parameters that a route does not have, or has once and is given twice: refused, for a filter whose name is
misspelt would let everything through, and of two values one would be dropped.
"""

from collections import Counter
from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant

from api.clean_input import MOST_NAMED, shown
from steadydesk.errors import InvalidInput, Problem


async def refuse_unknown_parameters(request: Request) -> None:
    """InvalidInput naming each of them, and what the route has; or each that is given more often than once."""
    given = request.query_params.keys()
    if not given:
        return
    known = list(_names(request.scope["route"].dependant))
    if unknown := [shown(name) for name in given if name not in known]:
        has = f"it has {', '.join(known)}" if known else "it has none"
        sentence = f"is no parameter of this address; {has}"
        problems = [Problem(f"/{name}", sentence, "query") for name in unknown[:MOST_NAMED]]
        raise InvalidInput("the query has parameters that are not known here", problems=problems)
    # None of ours takes a list.
    times = Counter(name for name, _ in request.query_params.multi_items())
    if repeated := [name for name in times if times[name] > 1]:
        problems = [Problem(f"/{name}", "must be given once", "query") for name in repeated]
        raise InvalidInput("the query has parameters more than once", problems=problems)


def _names(dependant: Dependant) -> Iterator[str]:
    """As the route and what it depends on declare them; none of ours takes a whole model."""
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _names(inner)
