"""What becomes of a command that was refused: kept as the result of its step, and told to whoever sent it."""

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.work import Actor
from steadydesk.contracts.agenda import Answer
from steadydesk.contracts.assertion import AuthenticationMethod
from steadydesk.errors import Refusal
from steadydesk.policies.kept_refusal import as_said, refusal_in
from steadydesk.records import processes


async def stands(engine: AsyncEngine, number: str, step: str, refusal: Refusal, actor: Actor) -> Answer:
    """The answer that stands instead of the refusal; where there is none, the refusal is raised as an ApplicationError,
    and kept: a history shows the command, signed, and who could not do it might be able to when somebody sends it
    again. What a process says by itself is not kept: it is tried again until it is taken.

    What another attempt of the same step committed while this one waited for the lock, too late to be seen by it,
    stands: a command that was carried out is never refused.
    """
    async with engine.begin() as connection:
        if actor.method is AuthenticationMethod.SERVICE:
            result = await processes.earlier_result(connection, number, step)
        else:
            result = await processes.keep_refusal(connection, number, step, as_said(refusal))
    if result is None:
        raise refused(refusal) from refusal
    if (before := refusal_in(result["said"])) is not None:
        raise refused(before) from refusal
    return Answer.model_validate(result)


def refused(refusal: Refusal) -> ApplicationError:
    """The refusal as what may end an update: typed, with its facts, and never retried."""
    return ApplicationError(
        refusal.message,
        refusal.facts(),
        type=refusal.type,
        non_retryable=True,
        category=ApplicationErrorCategory.BENIGN,
    )
