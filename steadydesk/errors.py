"""Every refusal that a person or program can meet, by its stable name.

    Refusal
    ├── InvalidInput 422             problems, each with a JSON pointer
    │   ├── UnknownItem 422          no such catalogue item for this caller
    │   └── AttachmentRefused 422    type, name or number of files
    ├── SameKeyOtherBody 422         an Idempotency-Key used twice for different things
    ├── NotSignedIn 401
    ├── NotAllowed 403
    │   ├── NotEntitled 403          may not order this, or not for that person
    │   ├── NotEligible 403          not an approver of this gate
    │   ├── SelfApproval 403
    │   ├── ServiceAccountVote 403
    │   └── ForgedCommand 403        a command without a valid assertion
    ├── UnknownRecord 404            also what the caller may not see
    ├── UnknownAddress 404, MethodNotAllowed 405
    ├── Conflict 409
    │   ├── RecordClosed, GateClosed, AlreadyVoted, InvalidTransition
    │   ├── LastAdministrator, GroupInUse, PreApprovalEnded
    │   ├── ConflictingEdit          a name that is taken, a change that another one overtook
    │   └── StaleForm                a form of the portal whose session is not the present one
    ├── StaleVersion 412, VersionRequired 428
    ├── TooLarge 413, UnsupportedMediaType 415
    ├── QuotaExceeded 429            retry_after in seconds
    ├── Unavailable 503              retry_after in seconds
    │   └── NotConfigured 503        an installation without a configuration
    └── InternalError 500            incident, as the log names it

The docstring of a class is the text of its page under ``/problems/``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from inspect import getdoc
from typing import Any, ClassVar, Self


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of an input. ``pointer`` is a JSON pointer into the part that ``where`` names. ``kind`` is pydantic's
    type of error and ``values`` what stands in its sentence, where the fault was found by the contract itself.
    """

    pointer: str
    message: str
    where: str = "body"
    kind: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self) -> dict[str, str]:
        return {"pointer": self.pointer, "message": self.message, "where": self.where}


_BY_TYPE: dict[str, type["Refusal"]] = {}


class Refusal(Exception):  # noqa: N818  a refusal is an answer, not a fault
    """A command was understood and refused."""

    type: ClassVar[str] = "Refusal"
    """Stable over releases: the type of the Temporal ApplicationError, and behind the problem's URI."""
    status: ClassVar[int] = 400
    title: ClassVar[str] = "Refused"

    def __init_subclass__(cls, *, status: int, title: str) -> None:
        cls.type, cls.status, cls.title = cls.__name__, status, title
        _BY_TYPE[cls.type] = cls

    def __init__(
        self,
        message: str,
        *,
        pointer: str | None = None,
        problems: Sequence[Problem] = (),
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer
        self.problems = tuple(problems)
        self.details = dict(details or {})

    @classmethod
    def slug(cls) -> str:
        """The last part of the problem's URI: ``NotAllowed`` is ``not-allowed``."""
        return "".join(f"-{one.lower()}" if one.isupper() else one for one in cls.type).lstrip("-")

    @classmethod
    def explanation(cls) -> str:
        return getdoc(cls) or cls.title

    def facts(self) -> dict[str, Any]:
        """Everything but the message as JSON values: the details of an ApplicationError."""
        return {
            "pointer": self.pointer,
            "problems": [problem.as_json() for problem in self.problems],
            "details": self.details,
        }

    @classmethod
    def restored(cls, message: str, facts: Mapping[str, Any]) -> Self:
        """The refusal again, from its message and ``facts()``; missing facts are taken as none."""
        problems = [Problem(**problem) for problem in facts.get("problems", ())]
        return cls(message, pointer=facts.get("pointer"), problems=problems, details=facts.get("details"))


def refusal_named(type_name: str) -> type[Refusal] | None:
    """The class whose ``type`` an ApplicationError carries, or None when it is no refusal of ours."""
    return _BY_TYPE.get(type_name)


def all_refusals() -> tuple[type[Refusal], ...]:
    """Every kind of refusal, by name."""
    return tuple(_BY_TYPE[name] for name in sorted(_BY_TYPE))


class InvalidInput(Refusal, status=422, title="Invalid input"):
    """Something in the request does not fit. ``problems`` lists every fault: what is wrong, and a JSON
    pointer to the place. Nothing was changed.
    """


class UnknownItem(InvalidInput, status=422, title="Unknown catalogue item"):
    """The catalogue has no such item that you may see. List what you may order with ``GET /catalog/items``."""


class AttachmentRefused(InvalidInput, status=422, title="Attachment refused"):
    """The file's type, found in its content, is not accepted, or the record has as many files as it may have."""


class SameKeyOtherBody(Refusal, status=422, title="Idempotency-Key used for something else"):
    """The same ``Idempotency-Key`` came before with another body. Repeat the first body, or take a new key."""


class NotSignedIn(Refusal, status=401, title="Not signed in"):
    """The request has no valid ``Authorization: Bearer`` token: none, an unknown, an expired or an ended one."""


class NotAllowed(Refusal, status=403, title="Not allowed"):
    """You may see this, but not do this to it: your roles, or the scopes of your token, do not include it."""


class NotEntitled(NotAllowed, status=403, title="Not entitled"):
    """You may not order this item, or not for that person, as its entitlement rule says."""


class NotEligible(NotAllowed, status=403, title="Not an approver here"):
    """You are not among the approvers of this gate, neither for yourself nor for somebody you stand for now."""


class SelfApproval(NotAllowed, status=403, title="Self-approval"):
    """Nobody decides on what they asked for themselves, also not as a delegate or with a second account."""


class ServiceAccountVote(NotAllowed, status=403, title="Service accounts do not vote"):
    """Decisions are made by people. A service account cannot vote, also not on behalf of a person."""


class ForgedCommand(NotAllowed, status=403, title="Command without proof"):
    """The command carries no valid assertion of who commands. Use the API, the portal or ``steadydesk``;
    commands sent by the Temporal UI or CLI change nothing and are counted as security events.
    """


class UnknownRecord(Refusal, status=404, title="Not found"):
    """There is no such record, or it is not for you to see."""


class UnknownAddress(Refusal, status=404, title="No such address"):
    """The API has nothing at this path. ``/api/v1/openapi.json`` lists what it has."""


class MethodNotAllowed(Refusal, status=405, title="Method not allowed"):
    """The path exists, the method does not; the ``Allow`` header lists those that do."""


class Conflict(Refusal, status=409, title="Conflict"):
    """The command does not fit the present state."""


class RecordClosed(Conflict, status=409, title="Record is closed"):
    """A closed record takes no more commands. Order again, or open a follow-up that refers to it."""


class GateClosed(Conflict, status=409, title="Approval is closed"):
    """The approval was decided, voided or cancelled before your decision arrived; ``/why`` tells how."""


class AlreadyVoted(Conflict, status=409, title="Already voted"):
    """A natural person counts once at a gate, also with several groups or delegations. Withdraw first to change."""


class InvalidTransition(Conflict, status=409, title="Not possible in this state"):
    """The record's model has no such move from its present state."""


class PreApprovalEnded(Conflict, status=409, title="Pre-approval ended"):
    """The item was approved in advance until a day that has passed. The group that did so has to renew that first."""


class LastAdministrator(Conflict, status=409, title="Nobody would administer any more"):
    """It would leave no active person with the role ``administrator``. Give the role to somebody else first."""


class GroupInUse(Conflict, status=409, title="The group is in use"):
    """Open work is given to it, or the configuration names it, as ``problems`` lists: move that first."""


class ConflictingEdit(Conflict, status=409, title="Conflicting edit"):
    """A name is taken, or another change came first. Read again and repeat."""


class StaleForm(Conflict, status=409, title="Please send it again"):
    """The form comes from a page of another session than the present one, so nothing was carried out. The portal shows
    it once more, as it was filled in; the API has no such forms.
    """


class StaleVersion(Refusal, status=412, title="Changed in the meantime"):
    """``If-Match`` names an older version. Read the record again, look at the difference, and repeat."""


class VersionRequired(Refusal, status=428, title="If-Match required"):
    """An edit must say which version it starts from: send the ``ETag`` of your last read as ``If-Match``."""


class TooLarge(Refusal, status=413, title="Too large"):
    """The body or file is larger than this server accepts; ``limit`` is in bytes."""


class UnsupportedMediaType(Refusal, status=415, title="Unsupported media type"):
    """Send the body in a media type that the API reference names for this path."""


class QuotaExceeded(Refusal, status=429, title="Too many requests"):
    """Your token or you as a person sent more than the quota. Wait as many seconds as ``Retry-After`` says."""


class Unavailable(Refusal, status=503, title="Temporarily unavailable"):
    """A needed part is away and nothing was sent on: repeat after ``Retry-After`` seconds, same ``Idempotency-Key``."""


class NotConfigured(Unavailable, status=503, title="Not set up yet"):
    """The installation has no configuration: no catalogue, no calendars, nobody who approves. An administrator imports
    the people (``steadydesk directory import FILE``) and applies one (``steadydesk config apply FOLDER``).
    """


class InternalError(Refusal, status=500, title="Internal error"):
    """A fault of Steadydesk. Tell your operator the ``incident`` id; the log names it."""
