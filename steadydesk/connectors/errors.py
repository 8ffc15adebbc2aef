"""Typed errors of connectors. No text of theirs holds a value, a secret or the words of a remote.

ConnectorFault
├── Refused               the remote said no: final
├── Unavailable           nothing happened: try again, not before `retry_after`
├── OutcomeUnknown        sent, but no usable answer: never blindly again
├── Blocked               the egress guard forbids the destination: final
├── BadValue              a value cannot be carried where the operation puts it: final
├── NeedsPerson           no machine does this: a person does, by the instruction
└── BadConfiguration      the configuration, not the call, is wrong: final until it is changed
    ├── SecretForbidden   the secret may not be used by this connector, host or function
    ├── SecretMissing     the secret is defined but cannot be read
    └── TemplateRefused   a template is outside its language, its fields or its limits
"""

from datetime import timedelta
from typing import ClassVar

from steadydesk.contracts.language import LocalisedText


class ConnectorFault(Exception):  # noqa: N818 - faults carry the nouns that operators say
    """`retryable` says whether the same call may be sent again without asking anyone."""

    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refused(ConnectorFault):
    """`detail` holds at most 2,000 characters of the remote's answer; it may quote what people wrote,
    so it belongs into the text store, never into a message, a log line or a workflow's history.
    `status` is the code of the protocol (HTTP or SMTP).
    """

    def __init__(self, message: str, *, status: int | None = None, detail: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.detail = detail[:2000]


class Unavailable(ConnectorFault):
    """`retry_after` is what the remote asked for, at most one day; None when it asked for nothing. `in_doubt`
    says that it may have happened all the same: a repeat is harmless, giving up without taking it back is not.
    """

    retryable = True

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: timedelta | None = None,
        in_doubt: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.in_doubt = in_doubt


class OutcomeUnknown(ConnectorFault):
    """`ask_after` is how long to wait before `Connector.lookup` can tell what happened; None when the
    remote cannot be asked and a person has to decide.
    """

    def __init__(
        self, message: str, *, status: int | None = None, ask_after: timedelta | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.ask_after = ask_after


class Blocked(ConnectorFault):
    pass


class BadValue(ConnectorFault):
    """`field` names the value; the value itself is not kept."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


class NeedsPerson(ConnectorFault):
    """`instruction` comes from the configuration and says what the person has to do, in one or several languages."""

    def __init__(self, instruction: LocalisedText) -> None:
        super().__init__("a person has to do this step")
        self.instruction = instruction


class BadConfiguration(ConnectorFault):
    pass


class SecretForbidden(BadConfiguration):
    pass


class SecretMissing(BadConfiguration):
    pass


class TemplateRefused(BadConfiguration):
    pass
