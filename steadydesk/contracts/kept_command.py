"""A command as it was taken in: enough to send it again in the same name, whoever was killed meanwhile."""

from datetime import datetime
from typing import Any, Final

from pydantic import Field

from steadydesk.contracts.assertion import AuthenticationMethod, Command
from steadydesk.contracts.base import Contract
from steadydesk.contracts.grant import Revoke
from steadydesk.contracts.request_commands import (
    ActOnTask,
    AnswerSurvey,
    Cancel,
    ChangeApprovers,
    Comment,
    Decide,
    GiveBack,
    Move,
    Open,
    Recall,
    Reschedule,
    Resubmit,
    Watch,
)

OPEN: Final = "open"
OPEN_ID: Final = "open"
"""The update id of every opening command: a process is opened once."""

PEOPLES_COMMANDS: Final[dict[str, type[Command]]] = {
    OPEN: Open,
    "decide": Decide,
    "add_approver": ChangeApprovers,
    "cancel": Cancel,
    "comment": Comment,
    "watch": Watch,
    "resubmit": Resubmit,
    "recall": Recall,
    "give_back": GiveBack,
    "reschedule": Reschedule,
    "move": Move,
    "answer_survey": AnswerSurvey,
    "act_on_task": ActOnTask,
    "revoke": Revoke,
}
"""By the name of their update: what people send to processes through the API."""


class KeptCommand(Contract):
    """What one Idempotency-Key stands for, once the API has taken it in."""

    holder: str = Field(description="Whose key it is: the person whose rights count.")
    key: str
    number: str = Field(description="The record whose process it is sent to.")
    update_id: str
    name: str = Field(description="A key of PEOPLES_COMMANDS.")
    body: dict[str, Any] = Field(description="The command without its assertion; words by reference.")
    actor: str = Field(description="Who proved to be there.")
    acting_for: str | None
    method: AuthenticationMethod
    at: datetime = Field(description="When it was taken in; it is signed with this time, however late.")
    summary: str | None = Field(default=None, description="Of an order: the words at the Temporal UI.")

    @classmethod
    def body_of(cls, command: Command) -> dict[str, Any]:
        return command.model_dump(mode="json", exclude={"assertion"}, exclude_defaults=True)

    @property
    def command(self) -> Command:
        """The command, not signed."""
        return PEOPLES_COMMANDS[self.name].model_validate(self.body)
