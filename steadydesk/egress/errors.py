"""How reaching out fails. No message of theirs holds a value, a secret or the words of a remote.

EgressFault
├── Unavailable           nothing happened: try again, not before `retry_after`
├── OutcomeUnknown        sent, but no usable answer: never blindly again
├── Blocked               the egress guard forbids the destination: final
└── BadConfiguration      the configuration, not the call, is wrong: final until it is changed
"""

from datetime import timedelta
from typing import ClassVar


class EgressFault(Exception):  # noqa: N818 - faults carry the nouns that operators say
    """`retryable` says whether the same call may be sent again without asking anyone.

    `status` is the code of the protocol (HTTP or SMTP). `detail` holds at most 2,000 characters of the remote's
    answer; it may quote what people wrote, so it belongs into the text store, never into a message, a log line
    or a workflow's history.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, status: int | None = None, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.detail = detail[:2000]


class Unavailable(EgressFault):
    """`retry_after` is what the remote asked for, at most one day; None when it asked for nothing. `in_doubt`
    says that it may have happened all the same: a repeat is harmless, giving up without taking it back is not.
    """

    retryable = True

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        detail: str = "",
        retry_after: timedelta | None = None,
        in_doubt: bool = False,
    ) -> None:
        super().__init__(message, status=status, detail=detail)
        self.retry_after = retry_after
        self.in_doubt = in_doubt


class OutcomeUnknown(EgressFault):
    """`ask_after` is how long to wait before `Connector.lookup` can tell what happened; None when the
    remote cannot be asked and a person has to decide.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        detail: str = "",
        ask_after: timedelta | None = None,
    ) -> None:
        super().__init__(message, status=status, detail=detail)
        self.ask_after = ask_after


class Blocked(EgressFault):
    pass


class BadConfiguration(EgressFault):
    pass
