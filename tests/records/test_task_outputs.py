"""Of what people enter in the form of a task, views hold what the form asks for and what is not sensitive."""

from steadydesk.contracts.form import FieldKind, Form, FormField
from steadydesk.records.views.task_outputs import open_outputs


def test_sensitive_values_and_what_no_field_asks_for_are_left_out() -> None:
    form = Form(
        fields={
            "serial": FormField(kind=FieldKind.TEXT, label="Serial number"),
            "pin": FormField(kind=FieldKind.TEXT, label="PIN", sensitive=True),
            "note": FormField(kind=FieldKind.TEXT, label="Note"),
        }
    )
    given = {"serial": "A-1", "pin": "1234", "other": "x"}
    assert open_outputs(form, given) == {"serial": "A-1"}
    assert open_outputs(Form(), given) == {}
