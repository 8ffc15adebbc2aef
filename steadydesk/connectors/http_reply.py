"""What an HTTP answer means for an operation: done, refused, try again, or unknown; and its outputs."""

import json
from typing import NoReturn

from jmespath.exceptions import JMESPathError
from pydantic import JsonValue

from steadydesk.connectors.errors import OutcomeUnknown, Refused, Unavailable
from steadydesk.connectors.http_model import HttpOperation, compiled, settle_time
from steadydesk.connectors.protocol import ConnectorResult
from steadydesk.egress.exchange import HttpAnswer

# The remote says that it did not act (RFC 9110 §15.5.9 and §15.6.4, RFC 6585 §4, RFC 8470 §5.2) …
_NOT_NOW = frozenset({408, 425, 429, 503})
# … or that it never will.
_NEVER = frozenset({501, 505})


def require_success(operation: HttpOperation, answer: HttpAnswer) -> None:
    """Returns for a success status; raises Refused, Unavailable or OutcomeUnknown for any other."""
    status = answer.status
    if status in operation.success:
        return
    if status in operation.retry or status in _NOT_NOW:
        raise Unavailable(
            f"answered {status}", status=status, detail=answer.excerpt, retry_after=answer.retry_after
        )
    if 300 <= status < 400:
        raise Refused(f"answered {status}: redirects are not followed", status=status)
    if 400 <= status < 500 or status in _NEVER or (operation.reads and status < 300):
        raise Refused(f"answered {status}", status=status, detail=answer.excerpt)
    if operation.safe_to_repeat and status >= 500:
        raise Unavailable(
            f"answered {status}",
            status=status,
            detail=answer.excerpt,
            retry_after=answer.retry_after,
            in_doubt=not operation.reads,
        )
    unknown(operation, f"answered {status}, which does not say whether it was done", status, answer.excerpt)


def result_of(operation: HttpOperation, answer: HttpAnswer) -> ConnectorResult:
    """Outputs and reference of a successful answer. The effect has happened, so an answer that cannot be
    read is an unknown outcome, not a failure; a read that has no effect is refused.
    """
    if not operation.outputs and operation.reference is None:
        return ConnectorResult()
    if answer.body is None and operation.safe_to_repeat:
        raise Unavailable(
            "the answer broke off or was too large", status=answer.status, in_doubt=not operation.reads
        )
    body = json_body(answer)
    outputs = {
        name: _present(operation, answer, name, expression, body)
        for name, expression in operation.outputs.items()
    }
    if operation.reference is None:
        return ConnectorResult(outputs)
    reference = _present(operation, answer, "reference", operation.reference, body)
    return ConnectorResult(outputs, reference if isinstance(reference, str) else json.dumps(reference))


def json_body(answer: HttpAnswer) -> JsonValue:
    """The body as JSON; null when it is incomplete, no JSON, or holds NaN or Infinity."""
    if not answer.body:
        return None
    try:
        return json.loads(answer.body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def evaluate(expression: str, subject: JsonValue) -> JsonValue:
    """JMESPath value; null also where the subject has not the type that a function expects."""
    try:
        return compiled(expression).search(subject)
    except (JMESPathError, RecursionError):
        return None


def unknown(operation: HttpOperation, message: str, status: int | None = None, detail: str = "") -> NoReturn:
    raise OutcomeUnknown(message, status=status, detail=detail, ask_after=settle_time(operation)) from None


def _present(
    operation: HttpOperation, answer: HttpAnswer, name: str, expression: str, body: JsonValue
) -> JsonValue:
    value = evaluate(expression, body)
    if value is not None:
        return value
    message = f"answered {answer.status} without a readable {name}"
    if operation.reads:
        raise Refused(message, status=answer.status, detail=answer.excerpt)
    unknown(operation, message, answer.status)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
