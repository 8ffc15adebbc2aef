"""The values that rules, step values and approvals may name, with their types."""

from collections.abc import Mapping

from steadydesk.contracts.form import FieldKind, Form, FormField
from steadydesk.policies.expression_types import ANY, BOOL, NUMBER, STRING, STRINGS, Kind, Scope, Type


def _record(**fields: Type) -> Type:
    return Type(Kind.MAP, fields=fields)


PERSON = _record(
    id=STRING,
    user_name=STRING,
    name=STRING,
    email=STRING,
    language=STRING,
    zone=STRING,
    manager=STRING,
    groups=STRINGS,
)
"""A person as rules see one: ``manager`` is a user name, ``groups`` are keys."""

ORDER = _record(number=STRING, opened_at=STRING)
LINE = _record(
    number=STRING,
    item=STRING,
    quantity=NUMBER,
    amount=NUMBER,
    currency=STRING,
    effective_at=STRING,
    round=NUMBER,
)
"""A line of an order; ``amount`` is its price times its quantity, or the form's own amount."""

OPTIONAL = frozenset(
    f"{person}.{name}" for person in ("requester", "requested_for") for name in ("email", "manager")
) | {"line.effective_at"}
"""Paths that may be absent in any order."""

_PEOPLE: Scope = {"requester": PERSON, "requested_for": PERSON}
_TYPES = {FieldKind.NUMBER: NUMBER, FieldKind.BOOLEAN: BOOL, FieldKind.MULTI_CHOICE: STRINGS}


def entitlement_scope() -> Scope:
    """What the rule of an entitlement may read."""
    return _PEOPLE


def approval_scope(form: Form | None) -> Scope:
    """What the ``when`` of an approval stage may read; None where no item uses the policy yet."""
    variables = Type(Kind.MAP) if form is None else variables_type(form)
    return {**_PEOPLE, "order": ORDER, "line": LINE, "variables": variables}


def plan_scope(form: Form, outputs: Mapping[str, Type]) -> Scope:
    """What the steps of a plan may read; ``outputs`` are those of each step that has ended by then."""
    return {**approval_scope(form), "steps": Type(Kind.MAP, fields=outputs)}


def variables_type(form: Form) -> Type:
    """The variables of a form."""
    return Type(Kind.MAP, fields={key: _field_type(field) for key, field in form.fields.items()})


def optional_paths(root: str, form: Form) -> frozenset[str]:
    """The paths of the form's answers that may be absent, under ``root``."""
    return frozenset(
        f"{root}.{key}"
        for key, field in form.fields.items()
        if not field.required or field.visible_when is not None
    )


def path_type(scope: Scope, path: str) -> Type | None:
    """The type of a dotted path; None when it names nothing, or a whole group of values."""
    found: Type | None = Type(Kind.MAP, fields=scope)
    for part in path.split("."):
        if found is None or found.kind is not Kind.MAP:
            return ANY if found is ANY else None
        found = ANY if found.fields is None else found.fields.get(part)
    return None if found is None or found.fields is not None else found


def _field_type(field: FormField) -> Type:
    if field.kind is FieldKind.PERSON and field.future_person:
        return ANY
    return _TYPES.get(field.kind, STRING)
