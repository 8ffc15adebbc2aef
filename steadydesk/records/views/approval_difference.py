"""What a gate asks again about: each material field before and after, for programs as the page has it for people."""

from collections.abc import Mapping
from typing import Any

from steadydesk.contracts.form import Form
from steadydesk.contracts.gate import Gate
from steadydesk.contracts.views import FieldChange
from steadydesk.records.views.approval_page import ApprovalContent

VARIABLES = "variables."
"""What the names of material fields that are answers begin with."""


def is_confidential(form: Form, name: str) -> bool:
    """Whether a material field is an answer whose values are for the step alone that needs them."""
    field = form.fields.get(name.removeprefix(VARIABLES))
    return name.startswith(VARIABLES) and (field is None or field.sensitive)


def field_changes(content: ApprovalContent) -> list[FieldChange]:
    """The changed fields with their values where these are known still, and not confidential."""
    item = content.request.organisation.catalog.get(content.request.process.line(content.gate.line).item)
    form = item.form if item else Form()
    before = _values(content, content.before, content.answers_before)
    after = _values(content, content.gate, content.answers)
    return [
        FieldChange(field=name)
        if before is None or after is None or is_confidential(form, name)
        else FieldChange(field=name, known=True, before=before.get(name), after=after.get(name))
        for name in content.view.changed
    ]


def _values(content: ApprovalContent, gate: Gate | None, answers: Mapping[str, Any]) -> dict[str, Any] | None:
    if gate is None or gate.asked is None:
        return None
    asked = gate.asked
    return {f"{VARIABLES}{key}": value for key, value in answers.items()} | {
        "quantity": asked.quantity,
        "price": asked.amount,
        "requested_for": content.request.names.of(asked.requested_for).user_name,
        "effective_at": asked.effective_at.isoformat() if asked.effective_at else None,
    }
