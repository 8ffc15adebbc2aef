"""People, groups and who stands for whom, as directory records: read as of now, never part of a
configuration.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from steadydesk.contracts.base import Contract, Key, PersonId
from steadydesk.contracts.words import NOT_BLANK

E = TypeVar("E", bound=Contract)

ANY_FUNCTION = "*"


class Role(StrEnum):
    """What a person is in a function."""

    REQUESTER = "requester"
    APPROVER = "approver"
    FULFILLER = "fulfiller"
    PROCESS_OWNER = "process_owner"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"


def _zone(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (ValueError, LookupError, OSError):  # a folder of the database, such as "America", is an OSError
        raise ValueError(f"'{zone}' is not an IANA time zone; write one like Europe/Berlin") from None
    return zone


UserName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._@+-]{0,98}[A-Za-z0-9])?$", to_lower=True)
]
"""How people sign in and how configuration names them: letters (kept small), digits and ``. _ @ + -``."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), NOT_BLANK]
Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s<>,;\"]+@[^@\s<>,;\"]+$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Zone = Annotated[str, AfterValidator(_zone)]


def _without_nulls(edit: E, *names: str) -> E:
    """The edit; ValueError where it empties one of these fields."""
    for name in names:
        if name in edit.model_fields_set and getattr(edit, name) is None:
            raise ValueError(f"'{name}' cannot be null; leave it out to keep it")
    return edit


class RoleHolding(Contract):
    """One role in one function, ``process_owner`` in ``hr``; ``*`` stands for the whole organisation.

    A process owner owns the processes of functions that are named, so that nobody sees HR and finance by
    accident.
    """

    role: Role
    function: str = Field(default=ANY_FUNCTION, pattern=r"^(\*|[a-z][a-z0-9-]{0,62})$")

    @classmethod
    def parse(cls, text: str) -> Self:
        """``process_owner@hr``, or ``operator`` for every function; ValueError says what is wrong."""
        name, _, function = text.partition("@")
        if name not in set(Role):
            raise ValueError(f"'{name}' is not a role; roles are {', '.join(Role)}")
        return cls(role=Role(name), function=function or ANY_FUNCTION)

    @model_validator(mode="after")
    def _owners_name_a_function(self) -> Self:
        if self.role is Role.PROCESS_OWNER and self.function == ANY_FUNCTION:
            raise ValueError("a process owner owns a function by name: write process_owner@<function>")
        return self

    def __str__(self) -> str:
        return f"{self.role}@{self.function}"

    def __hash__(self) -> int:
        return hash((self.role, self.function))


class PersonCard(Contract):
    """What everybody who is signed in may know of a person."""

    id: PersonId
    user_name: str
    name: str
    email: str | None = None
    manager: PersonId | None = None
    active: bool = True
    service_account: bool = False


class Person(PersonCard):
    """A person as they themselves and administrators see them."""

    language: str = "en"
    zone: str = "UTC"
    natural_person: str | None = Field(
        default=None,
        description="The first account of the same natural person, which names no other; null: this is it.",
    )
    left_at: datetime | None = None
    version: int = 1

    @property
    def natural(self) -> str:
        """The id that counts at a gate."""
        return self.natural_person or self.id


class NewPerson(Contract):
    user_name: UserName
    name: Name
    email: Email | None = None
    language: Language = "en"
    zone: Zone = "UTC"
    manager: PersonId | None = None
    service_account: bool = False
    natural_person: PersonId | None = None


class PersonEdit(Contract):
    """The fields to change; a field that is not given stays. ``null`` empties e-mail, manager, natural
    person.
    """

    name: Name | None = None
    email: Email | None = None
    language: Language | None = None
    zone: Zone | None = None
    manager: PersonId | None = None
    natural_person: PersonId | None = None
    roles: list[RoleHolding] | None = Field(
        default=None, description="All roles; those not listed are taken away."
    )

    @model_validator(mode="after")
    def _keeps_what_must_be(self) -> Self:
        return _without_nulls(self, "name", "language", "zone", "roles")


class Group(Contract):
    key: Key
    label: str
    function: str | None = None
    manager: PersonId | None = None
    email: str | None = None
    active: bool = True
    version: int = 1


class GroupWithMembers(Group):
    members: list[PersonCard] = Field(default_factory=list[PersonCard])


class NewGroup(Contract):
    key: Key
    label: Name
    function: Key | None = None
    manager: PersonId | None = None
    email: Email | None = None


class GroupEdit(Contract):
    """The fields to change; a field that is not given stays. ``null`` empties function, manager and
    e-mail.
    """

    label: Name | None = None
    function: Key | None = None
    manager: PersonId | None = None
    email: Email | None = None
    active: bool | None = None

    @model_validator(mode="after")
    def _keeps_what_must_be(self) -> Self:
        return _without_nulls(self, "label", "active")


class StandsFor(Contract):
    """Somebody that a person may decide for now."""

    delegator: PersonId
    natural: str
    policies: list[str] | None = None
    until: datetime


class Standing(Contract):
    """Everything about one person now that rights need, as one read gives it."""

    person: Person
    groups: frozenset[str] = frozenset()
    roles: frozenset[RoleHolding] = frozenset()
    stands_for: tuple[StandsFor, ...] = ()
    own_sight: frozenset[str] = Field(
        default=frozenset(), description="Subjects of the table sight that they are: p:, g:, f:."
    )

    @property
    def delegated_sight(self) -> frozenset[str]:
        """``p:`` subjects of the people whom they stand for now."""
        return frozenset(f"p:{one.delegator}" for one in self.stands_for)

    @property
    def sight(self) -> frozenset[str]:
        """Every subject through which they may see a record; empty for somebody who is not active."""
        return self.own_sight | self.delegated_sight


class Approver(Contract):
    """What a gate must know of somebody who might decide at it."""

    person: PersonId
    natural: str
    active: bool
    service_account: bool
    manager: PersonId | None = None
    absent_until: datetime | None = Field(default=None, description="End of the present absence.")
    delegates: list[PersonId] = Field(default_factory=list, description="Active, valid now, for this policy.")

    @property
    def can_decide(self) -> bool:
        return self.active and not self.service_account


class Departure(Contract):
    """What somebody who left leaves behind; each process will be told to look again."""

    person: PersonId
    left_at: datetime
    sessions: int = 0
    tokens: int = 0
    delegations: int = 0
    processes: list[str] = Field(
        default_factory=list, description="Numbers of the workflows that will be told."
    )
    owned: list[str] = Field(
        default_factory=list,
        description="What nobody answers for now: entries of the configuration, functions, groups, people without a"
        " manager, subscriptions. The manager was told.",
    )
