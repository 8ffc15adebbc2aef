"""What a form sent: its fields into a contract, and a refusal back to the fields it is about."""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import iscoroutine
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, UploadFile
from pydantic import BaseModel, ValidationError
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from api.portal.session import visit_of
from api.problems import problem_of, restored
from steadydesk.errors import InvalidInput, NotSignedIn, Problem, Refusal, StaleForm, UnknownRecord

M = TypeVar("M", bound=BaseModel)
KEY_FIELD = "once"
VERSION_FIELD = "version"
_LONGEST_KEY = 200
_AGAIN = "Nothing was sent yet."


@dataclass(frozen=True)
class Posted:
    """The fields of a form that the guard has let in. ``unsent``: only to be shown once more, as it was filled in."""

    values: Mapping[str, list[str]]
    files: Mapping[str, UploadFile]
    unsent: bool = False

    def text(self, name: str) -> str | None:
        """What was typed, without spaces around it; None for nothing."""
        typed = next(iter(self.values.get(name, ())), "").replace("\r\n", "\n").strip()
        return typed or None

    def all(self, name: str) -> list[str]:
        return [value for value in self.values.get(name, ()) if value]

    def has(self, name: str) -> bool:
        return self.text(name) is not None

    @property
    def key(self) -> str | None:
        """The key of this showing of the form: sent twice, it counts once."""
        typed = self.text(KEY_FIELD)
        return typed[:_LONGEST_KEY] if typed else None

    @property
    def version(self) -> int | None:
        """The record's version on the page that the form was on."""
        typed = self.text(VERSION_FIELD)
        return int(typed) if typed and typed.isdecimal() and len(typed) < 10 else None

    def into(self, model: type[M], names: Iterable[str] = (), **more: Any) -> M:
        """The contract from the named fields (empty ones are left out) and ``more``; InvalidInput with the place of
        each fault, StaleForm for what is only to be shown.
        """
        if self.unsent:
            raise StaleForm(_AGAIN)
        given = {name: typed for name in names if (typed := self.text(name)) is not None}
        try:
            return model.model_validate({**given, **more})
        except ValidationError as error:
            problems = [problem_of(each, each["loc"]) for each in error.errors(include_url=False)]
            raise InvalidInput("Some fields need another look.", problems=problems) from None


async def _posted(request: Request) -> Posted:
    values: dict[str, list[str]] = {}
    files: dict[str, UploadFile] = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            values.setdefault(name, []).append(value)
        elif value.filename:
            files[name] = UploadFile(
                value.file, size=value.size, filename=value.filename, headers=value.headers
            )
    return Posted(values, files, visit_of(request).unsent)


Form = Annotated[Posted, Depends(_posted)]


@dataclass(frozen=True)
class Place:
    """Where a page shows what is wrong: the id of its element, and the label of the field."""

    id: str
    label: str


@dataclass(frozen=True)
class FormState:
    """A form as a page shows it: empty, or with what was typed and why it was refused. ``places`` are the fields that
    the page has drawn, by their JSON pointers.
    """

    name: str = ""
    values: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    refusal: Refusal | None = None
    places: dict[str, Place] = field(default_factory=dict[str, Place])

    def value(self, name: str, otherwise: object = "") -> str:
        """What to show in the field: what was typed, else ``otherwise``."""
        if self.refusal is None:
            return "" if otherwise is None else str(otherwise)
        return next(iter(self.values.get(name, ())), "")

    def chosen(self, name: str, value: str, otherwise: object = ()) -> bool:
        """Whether a choice is taken."""
        if self.refusal is not None:
            return value in self.values.get(name, ())
        return value in otherwise if isinstance(otherwise, list | tuple) else value == otherwise

    def error(self, name: str, at: str | None = None) -> list[Problem]:
        """What is wrong with the field; ``at`` is its JSON pointer where that is not ``/name``."""
        place = at or f"/{name}"
        return [problem for problem in self._problems() if problem.pointer == place]

    def drawn(self, name: str, at: str | None, element: str, label: str) -> list[Problem]:
        """The same of a field that the page shows as this element, under this label."""
        self.places[at or f"/{name}"] = Place(element, label)
        return self.error(name, at)

    def at_fields(self) -> list[tuple[Place, list[Problem]]]:
        """What is wrong with the fields that were drawn, in their order."""
        return [(place, found) for at, place in self.places.items() if (found := self.error("", at))]

    def elsewhere(self) -> list[Problem]:
        """What is wrong beside the fields that were drawn."""
        return [problem for problem in self._problems() if problem.pointer not in self.places]

    def _problems(self) -> Sequence[Problem]:
        if self.refusal is None:
            return ()
        return self.refusal.problems or [Problem(self.refusal.pointer or "", self.refusal.message)]


@dataclass(frozen=True)
class Forms:
    """All forms of a page; at most one of them was refused. ``forms("comment")`` in templates."""

    failed: FormState | None = None

    def __call__(self, name: str) -> FormState:
        return self.failed if self.failed and self.failed.name == name else FormState(name)


async def attempt(name: str, posted: Posted, sending: Awaitable[Any]) -> FormState | None:
    """Carry the command out. None when it was taken; else the form again, with the refusal; also of a form that is
    only to be shown.

    NotSignedIn and UnknownRecord are raised: their page is another one.
    """
    if posted.unsent:
        if iscoroutine(sending):
            sending.close()
        return FormState(name, posted.values, StaleForm(_AGAIN))
    try:
        await sending
    except (NotSignedIn, UnknownRecord):
        raise
    except Refusal as refusal:
        return FormState(name, posted.values, refusal)
    except WorkflowUpdateFailedError as error:
        cause = error.__cause__
        refusal = restored(cause) if isinstance(cause, ApplicationError) else None
        if refusal is None:
            raise
        return FormState(name, posted.values, refusal)
    return None
