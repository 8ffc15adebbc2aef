"""What somebody typed into a form of ours whose session had ended: kept, sealed, on the page that asks them to sign in
again, and shown to nobody else.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel
from starlette.datastructures import FormData

from steadydesk.policies.assertion import Keyring
from steadydesk.records.sealed import UnsealError, seal, unseal

SENDER_FIELD = "sender"
"""Whose page the form was on: the id of the person."""

KEPT_FIELD = "kept"
SHOWN_FIELD = "shown_again"
"""Asks for the form as it was filled in; nothing is carried out."""

NOT_TYPED = frozenset(
    {
        SENDER_FIELD,
        SHOWN_FIELD,
        "once",
        "version",
        "decision",
        "back",
        "line",
        "entry",
        "gate",
        "grant",
        "follows",
    }
)
"""Buttons and what pages put into forms by themselves: with nothing else there is nothing to keep."""

NEVER_KEPT = frozenset({"password", "old", "new", "again", "form_token", KEPT_FIELD})
_PLACE = "typed-form"
_WITHIN = timedelta(minutes=15)
_LONGEST = 100_000

F = TypeVar("F", bound=Callable[..., object])


class TypedForm(BaseModel):
    """The fields of a form with where it was sent; ``sender`` is None for a page of nobody."""

    path: str
    sender: str | None
    fields: dict[str, list[str]]

    def is_of(self, person: str) -> bool:
        return self.sender == person


class _Kept(BaseModel):
    form: TypedForm
    until: float


def shows_again(endpoint: F) -> F:
    """A route whose form, sent from a page of another session, is shown once more as it was filled in: the route does
    nothing before ``attempt`` or ``Posted.into``, which refuse it. All other routes are not called at all.
    """
    endpoint.__dict__[SHOWN_FIELD] = True
    return endpoint


def is_shown_again(request: Request) -> bool:
    return SHOWN_FIELD in vars(request.scope.get("endpoint", shows_again))


def typed_in(request: Request, form: FormData) -> TypedForm | None:
    """Without files and passwords; None where somebody has but pressed a button."""
    fields: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str) and name not in NEVER_KEPT:
            fields.setdefault(name, []).append(value)
    if not any(value.strip() for name in fields.keys() - NOT_TYPED for value in fields[name]):
        return None
    return TypedForm(
        path=request.url.path, sender=next(iter(fields.get(SENDER_FIELD, ())), None), fields=fields
    )


def kept(keyring: Keyring, form: TypedForm | None, now: datetime) -> str | None:
    """For a hidden field, good for some minutes; None where there is nothing to keep, or too much."""
    if form is None or form.sender is None:
        return None
    until = (now + _WITHIN).timestamp()
    text = _Kept(form=form, until=until).model_dump_json()
    return seal(keyring, text, _PLACE) if len(text) <= _LONGEST else None


def found_in(keyring: Keyring, sealed: str | None, person: str, now: datetime) -> TypedForm | None:
    """What was kept; None where it is somebody else's, too old, or nothing that we sealed."""
    try:
        opened = _Kept.model_validate_json(unseal(keyring, sealed or "", _PLACE))
    except UnsealError:
        return None
    is_good = opened.until > now.timestamp() and opened.form.is_of(person)
    return opened.form if is_good else None
