"""The two parameters of every list."""

from typing import Annotated

from fastapi import Query

from steadydesk.contracts.page import LARGEST_PAGE

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="At most so many items.")]
After = Annotated[str | None, Query(max_length=1000, description="The `after` of the page before.")]
DEFAULT_LIMIT = 50
