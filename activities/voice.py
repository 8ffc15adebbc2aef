"""The survey after the reopen window, and the call-back that a low score opens."""

from datetime import timedelta

from sqlalchemy import insert, update

from activities.task_queue import open_task
from activities.work import RequestWork
from steadydesk.contracts.request import TaskPurpose
from steadydesk.contracts.request_commands import AnswerSurvey
from steadydesk.contracts.survey import SurveyState
from steadydesk.errors import InvalidTransition
from steadydesk.policies.restriction import answering_groups
from steadydesk.records.tables.voice import survey
from steadydesk.records.voice import asked_lately, one_survey_at_a_time

ANSWER_WITHIN = timedelta(days=14)
LOW_SCORE = 2


async def send_survey(work: RequestWork) -> None:
    """Ask the person who ordered, once, if no other survey was sent to them since the order closed; the process waits
    for the answer two weeks at most.
    """
    process = work.process
    await one_survey_at_a_time(work.connection, process.opened_by)
    settings = work.organisation.organisation
    asked = await asked_lately(work.connection, process.opened_by, work.at, settings.survey_every_days)
    if asked:
        process.survey, process.survey_at = SurveyState.NONE, None
        return
    process.survey, process.survey_at = SurveyState.SENT, work.at + ANSWER_WITHIN
    await work.connection.execute(
        insert(survey).values(number=process.number, person=process.opened_by, state="sent", sent_at=work.at)
    )
    work.note("survey.sent", process.number)
    work.tell("survey.requested", [f"p:{process.opened_by}"], process.number, until=process.survey_at)


async def expire_survey(work: RequestWork) -> None:
    process = work.process
    process.survey, process.survey_at = SurveyState.ENDED, None
    await work.connection.execute(
        update(survey).where(survey.c.number == process.number).values(state="expired")
    )
    work.note("survey.expired", process.number)


async def take_survey_answer(work: RequestWork, command: AnswerSurvey) -> None:
    """Keep the score; two or less opens a task to call the customer back."""
    process = work.process
    if process.survey is not SurveyState.SENT:
        raise InvalidTransition(f"{process.number} has no open survey")
    process.survey, process.survey_at = SurveyState.ENDED, None
    if command.comment is not None:
        work.write_down("comment", command.comment)
    await work.connection.execute(
        update(survey)
        .where(survey.c.number == process.number)
        .values(
            state="answered",
            score=command.score,
            comment=command.comment.ref if command.comment else None,
            answered_at=work.at,
        )
    )
    work.note("survey.answered", process.number, score=command.score)
    if command.score <= LOW_SCORE:
        complaints = work.organisation.organisation.complaints_group
        group = answering_groups(process.restricted_to, complaints)[0]
        process.call_back = await open_task(work, process.lines[0], "call-back", TaskPurpose.CALL_BACK, group)
        work.tell(
            "call-back.opened",
            [f"g:{group}"],
            process.call_back.number,
            score=command.score,
            text=command.comment.ref if command.comment else None,
        )
