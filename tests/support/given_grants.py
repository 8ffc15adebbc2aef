"""Grants as requests give them, with their processes running."""

from datetime import date

from tests.support.request_worker import Works, until


async def given(works: Works, end: date) -> str:
    """The number of a grant whose process runs."""
    number = await works.order("granting", variables={"until": str(end)})
    assert await works.result(number) == "closed_complete"
    grant = (await works.desk.line(number)).steps["one"].grant
    assert grant is not None
    await until(lambda: is_known(works, grant))
    return grant


async def is_known(works: Works, grant: str) -> bool:
    """Its process has been started; with a clock that skips it may have ended as well."""
    return bool([one async for one in works.client.list_workflows(f"WorkflowId = '{grant}'")])
