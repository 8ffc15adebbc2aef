"""For whom an activity works: for the process of the record alone, and on a command that its actor has signed."""

from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from steadydesk.contracts.assertion import Command
from steadydesk.contracts.numbers import parse_typed
from steadydesk.contracts.request_commands import Write
from steadydesk.errors import ForgedCommand
from steadydesk.policies import forged
from steadydesk.policies.assertion import installed, verify

COMMANDS = {
    "open_request": "open",
    "record_approver": "add_approver",
    "record_cancellation": "cancel",
    "record_comment": "comment",
    "record_decision": "decide",
    "record_effective_date": "reschedule",
    "record_extension": "extend",
    "record_grant_message": "tell",
    "record_grant_task": "act_on_task",
    "record_message": "tell",
    "record_recall": "recall",
    "record_resubmission": "resubmit",
    "record_return": "give_back",
    "record_revocation": "revoke",
    "record_state": "move",
    "record_survey_answer": "answer_survey",
    "record_task_action": "act_on_task",
    "record_watcher": "watch",
}
"""As what the command of each record write is signed."""

SIGNALLED = "record_signalled_decision"
"""Verifies by itself: of a signal, a forged one becomes a row of the record."""

_STEP = "u:"

STEPS = {
    "open_grant": "open",
    "record_outcome": "outcome:",
    "record_revocation_outcome": "outcome:",
    "ring_alarms": "alarm:",
    "ring_grant": "alarm:",
    "take_up_grant": "take-up:",
    "take_up_request": "take-up:",
    SIGNALLED: "s:",
}
"""How the steps begin of what no command asks for: under another name it would use up the step of a command."""


class OriginCheck(Interceptor):
    """Whoever reaches Temporal can start an activity by itself, or from a workflow of their own: there no validator
    has looked at the command. So the worker looks before it works; what it turns away is counted like a forged update.
    """

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Doorkeeper(next)


class _Doorkeeper(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        check_origin(activity.info(), input.args[0] if input.args else None)
        return await super().execute_activity(input)


def check_origin(info: activity.Info, message: object) -> None:
    """Raise a final ForgedCommand unless a process asks for its own record, with the command as it was signed."""
    number = getattr(message, "number", None)
    try:
        _must_be_asked_by(info.workflow_id, number)
        if (command := COMMANDS.get(info.activity_type)) is not None:
            _verify(command, message)
        elif (step := STEPS.get(info.activity_type)) is not None:
            _must_be_called(step, message)
    except ForgedCommand as found:
        forged.note(parse_typed(number) if number else None, info.activity_type)
        raise ApplicationError(found.message, found.facts(), type=found.type, non_retryable=True) from None


def _must_be_asked_by(workflow_id: str | None, number: str | None) -> None:
    if workflow_id is None or number not in (None, workflow_id):
        raise ForgedCommand("the process of this record has not asked for it")


def _must_be_called(beginning: str, message: object) -> None:
    step, errand = getattr(message, "step", ""), getattr(message, "errand", None)
    if not step.startswith(beginning) or (errand is not None and step != f"{beginning}{errand}"):
        raise ForgedCommand("its step is not one of its own")


def _verify(command: str, message: object) -> None:
    if not isinstance(message, Write):
        raise ForgedCommand("it carries no command")
    write: Write[Command] = message
    if not write.step.startswith(_STEP):
        raise ForgedCommand("its step is not that of an update")
    verify(
        installed(),
        write.command.assertion,
        workflow_id=write.number,
        command=command,
        update_id=write.step.removeprefix(_STEP),
        body=write.command,
    )
