"""The values that rules, approvals and steps of a line may name, read when they are needed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.work import RequestWork
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.form import Form
from steadydesk.contracts.plan import Value
from steadydesk.contracts.request import Line, RequestProcess
from steadydesk.errors import InvalidInput
from steadydesk.policies import expression
from steadydesk.policies.expression_names import select
from steadydesk.policies.form import sensitive
from steadydesk.records import texts
from steadydesk.records.directory_facts import person_facts


async def values_of(connection: AsyncConnection, process: RequestProcess, line: Line) -> dict[str, Any]:
    """All values of a line as ``steadydesk.policies.vocabulary`` names them."""
    outputs = {key: run.outputs.ref for key, run in line.steps.items() if run.outputs is not None}
    bodies = await texts.read(connection, [line.variables.ref, *outputs.values()])
    people = await person_facts(connection, [process.opened_by, line.requested_for])
    return {
        "requester": people.get(process.opened_by, {}),
        "requested_for": people.get(line.requested_for, {}),
        "order": {"number": process.number, "opened_at": process.opened_at.isoformat()},
        "line": _line_values(line),
        "variables": bodies.get(line.variables.ref) or {},
        "steps": {key: bodies.get(ref) or {} for key, ref in outputs.items()},
    }


async def answers_of(work: RequestWork, line: Line) -> dict[str, Any]:
    """The answers to the form alone, under the same name."""
    ref = line.variables.ref
    if ref not in work.answers:
        work.answers |= await texts.read(work.connection, [ref])
    return {"variables": work.answers.get(ref) or {}}


def names_future_person(item: CatalogItem, answers: Mapping[str, Any]) -> bool:
    """Whether the item's person field names somebody who is not in the directory yet."""
    return item.beneficiary is not None and isinstance(answers.get(item.beneficiary), dict)


def confidential_of(item: CatalogItem, values: dict[str, Any]) -> list[str]:
    """What was answered in the sensitive fields of the item and of its tasks, of all the values of a line."""
    given: list[Any] = [values["variables"].get(name) for name in sensitive(item.form)]
    for key, step in item.plan.steps.items():
        outputs = values["steps"].get(key) or {}
        given += [outputs.get(name) for name in sensitive(step.form or Form())]
    each = [one for answer in given for one in (answer if isinstance(answer, list) else [answer])]
    return [str(one) for one in each if isinstance(one, str | float | int) and not isinstance(one, bool)]


def _line_values(line: Line) -> dict[str, Any]:
    values: dict[str, Any] = {
        "number": line.number,
        "item": line.item,
        "quantity": line.quantity,
        "amount": line.amount,
        "currency": line.currency,
        "round": line.round,
    }
    if line.effective_at is not None:
        values["effective_at"] = line.effective_at.isoformat()
    return values


def holds(rule: str | None, values: dict[str, Any]) -> bool:
    """Whether a condition holds; no condition does, and one that fails on these values counts as true.

    A stage or step too many is seen and handled by a person; one too few would be an approval or a safety check
    silently left out.
    """
    if rule is None:
        return True
    try:
        return expression.holds(rule, select(values, expression.names(rule)))
    except expression.ExpressionError:
        return True


def value_of(source: Value, values: dict[str, Any]) -> Any:
    """The value that a step's definition names; InvalidInput when its path is not there."""
    if source.cel is not None:
        return expression.evaluate(source.cel, select(values, expression.names(source.cel)))
    if source.path is None:
        return source.value
    found: Any = values
    for part in source.path.split("."):
        if not isinstance(found, dict) or part not in found:
            raise InvalidInput(f"'{source.path}' has no value here")
        found = found[part]
    return found


def value_or_none(source: Value, values: dict[str, Any]) -> Any:
    try:
        return value_of(source, values)
    except InvalidInput:
        return None
