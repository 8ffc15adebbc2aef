"""The directory as a file: what an import brings, and the difference that it would make."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Self, cast

from pydantic import Field, ValidationError, field_validator, model_validator

from steadydesk.contracts.base import Contract, Key
from steadydesk.contracts.directory import Email, Language, Name, RoleHolding, UserName, Zone


class PersonEntry(Contract):
    """A person by user name. Of somebody whom the directory has, every field that is left out stays as it is; ``null``
    empties e-mail, manager and ``same_person_as``. Somebody who left is back only by ``active: true``.
    """

    user_name: UserName
    name: Name
    email: Email | None = None
    language: Language = "en"
    zone: Zone = "UTC"
    manager: UserName | None = Field(default=None, description="User name of the manager.")
    groups: list[Key] | None = None
    roles: list[RoleHolding] | None = Field(
        default=None, description="Each as role@function, such as fulfiller@it."
    )
    service_account: bool = False
    same_person_as: UserName | None = Field(
        default=None, description="User name of the first account of the same natural person."
    )
    active: bool = True

    @field_validator("roles", mode="before")
    @classmethod
    def _from_words(cls, roles: object) -> object:
        if not isinstance(roles, list):
            return roles
        entries = cast(list[object], roles)
        return [_role(role) if isinstance(role, str) else role for role in entries]


def _role(text: str) -> RoleHolding:
    try:
        return RoleHolding.parse(text)
    except ValidationError as error:
        said = error.errors()[0]
        if said["type"] == "value_error":
            raise ValueError(said["msg"].removeprefix("Value error, ")) from None
        raise ValueError(f"'{text}': a role is written as role@function, such as fulfiller@it") from None


class GroupEntry(Contract):
    """A group by key. Of a group that the directory has, every field that is left out stays as it is."""

    key: Key
    label: Name
    function: Key | None = None
    manager: UserName | None = None
    email: Email | None = None
    active: bool = True


class DirectoryDocument(Contract):
    """People and groups to be so; those it does not list stay, unless ``complete`` says that it is
    everybody.
    """

    people: list[PersonEntry] = Field(default_factory=list[PersonEntry])
    groups: list[GroupEntry] = Field(default_factory=list[GroupEntry])
    complete: bool = Field(
        default=False, description="Whoever is not listed has left; service accounts stay, groups stay."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _refuse_twice("user name", (entry.user_name for entry in self.people))
        _refuse_twice("group", (entry.key for entry in self.groups))
        return self


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise ValueError(f"the same {what} comes twice: {', '.join(twice)}")


class ChangeKind(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class DirectoryChange(Contract):
    """One line of a difference; ``fields`` names what changes, without the values."""

    kind: ChangeKind
    record: str = Field(description="person or group")
    key: str = Field(description="User name or group key.")
    fields: list[str] = Field(default_factory=list)


class DirectoryDifference(Contract):
    """What an import changed, or would change in a dry run."""

    changes: list[DirectoryChange] = Field(default_factory=list[DirectoryChange])
    unchanged: int = 0
    departures: list[str] = Field(default_factory=list, description="User names of those who leave by it.")
    returns: list[str] = Field(
        default_factory=list, description="User names of those who had left and are active again by it."
    )
    service_accounts: list[str] = Field(
        default_factory=list,
        description="User names of accounts that become a service account by it, or a person who may vote.",
    )

    @property
    def is_empty(self) -> bool:
        return not self.changes
