"""The http connector: configured operations against one base URL."""

import base64
from urllib.parse import urlsplit

from pydantic import JsonValue

from steadydesk.connectors.errors import BadConfiguration, NeedsPerson, OutcomeUnknown, Refused, Unavailable
from steadydesk.connectors.http_model import (
    BasicAuth,
    BearerAuth,
    HttpConfiguration,
    HttpOperation,
    settle_time,
)
from steadydesk.connectors.http_reply import evaluate, json_body, require_success, result_of, unknown
from steadydesk.connectors.protocol import (
    Check,
    ConnectorCall,
    ConnectorResult,
    Lookup,
    OperationFacts,
    Outcome,
    Verification,
)
from steadydesk.connectors.values import (
    Bindings,
    checked_header,
    fill_body,
    fill_headers,
    fill_path,
    fill_query,
)
from steadydesk.egress.exchange import HttpAnswer, HttpExchange, HttpRequest


class HttpConnector:
    def __init__(self, configuration: HttpConfiguration, exchange: HttpExchange) -> None:
        self._configuration = configuration
        self._exchange = exchange
        self._host = urlsplit(configuration.base_url).hostname or ""

    def facts(self, operation: str) -> OperationFacts:
        found = self._operation(operation)
        return OperationFacts(
            inputs=frozenset(name for space, name in found.references() if space is None),
            outputs=frozenset(found.outputs),
            undo=found.undo,
            verifies=found.verify is not None,
            answers_lookup=found.lookup is not None,
            effects=not found.reads,
            repeatable=found.safe_to_repeat,
            settles=settle_time(found),
        )

    async def perform(self, call: ConnectorCall) -> ConnectorResult:
        operation = self._operation(call.operation)
        return result_of(operation, await self._send(operation, Bindings(call)))

    async def verify(self, call: ConnectorCall, result: ConnectorResult) -> Verification:
        rule = self._operation(call.operation).verify
        if rule is None:
            return Verification(Check.CANNOT_TELL, "the operation has no verify rule")
        answer = await self._send(self._operation(rule.operation), Bindings(call, result))
        subject = _subject(answer)
        subject |= {"values": dict(call.values), "outputs": dict(result.outputs)}
        holds = evaluate(rule.expect, subject) is True
        reason = f"{rule.operation} answered {answer.status}; expected {rule.expect}"
        return Verification(Check.HOLDS if holds else Check.FAILS, reason)

    async def undo(self, call: ConnectorCall, result: ConnectorResult) -> ConnectorResult:
        name = self._operation(call.operation).undo
        if name is None:
            raise NeedsPerson(f"Take back {call.operation} at {call.target} by hand.")
        operation = self._operation(name)
        return result_of(operation, await self._send(operation, Bindings(call, result)))

    async def lookup(self, call: ConnectorCall, result: ConnectorResult | None = None) -> Lookup:
        doubted = self._operation(call.operation)
        rule = doubted.lookup
        if rule is None:
            return Lookup(Outcome.CANNOT_TELL)
        asked = doubted.answered_by(self._operation(rule.operation))
        answer = await self._send(asked, Bindings(call, result))
        subject = _subject(answer)
        done, not_done = (evaluate(rule.done, subject) is True, evaluate(rule.not_done, subject) is True)
        if done and not not_done:
            return _found(asked, answer)
        return Lookup(Outcome.NOT_DONE if not_done and not done else Outcome.CANNOT_TELL)

    def _operation(self, name: str) -> HttpOperation:
        found = self._configuration.operations.get(name)
        if found is None:
            known = ", ".join(sorted(self._configuration.operations))
            raise BadConfiguration(f"there is no operation {name!r}; there are {known}")
        return found

    async def _send(self, operation: HttpOperation, bindings: Bindings) -> HttpAnswer:
        request = self._request(operation, bindings)
        try:
            answer = await self._exchange.send(request, bindings.call.timeout)
        except OutcomeUnknown as lost:
            if operation.safe_to_repeat:
                raise Unavailable(lost.message, in_doubt=not operation.reads) from None
            unknown(operation, lost.message)
        require_success(operation, answer)
        return answer

    def _request(self, operation: HttpOperation, bindings: Bindings) -> HttpRequest:
        query = fill_query(operation.query, bindings)
        path = fill_path(operation.path, bindings)
        headers = fill_headers(operation.headers, bindings) | self._authorization(bindings.call)
        headers["Idempotency-Key"] = bindings.call.idempotency_key
        body = None
        if operation.body is not None:
            body = fill_body(operation.body, bindings)
            headers["Content-Type"] = "application/json"
        url = f"{self._configuration.base_url}{path}{f'?{query}' if query else ''}"
        return HttpRequest(operation.method, url, headers, body)

    def _authorization(self, call: ConnectorCall) -> dict[str, str]:
        auth = self._configuration.auth
        if auth is None:
            return {}
        secret = call.secrets.resolve(auth.secret, self._host).get_secret_value()
        if isinstance(auth, BearerAuth):
            return {"Authorization": checked_header("Authorization", f"Bearer {secret}")}
        if isinstance(auth, BasicAuth):
            pair = base64.b64encode(f"{auth.username}:{secret}".encode()).decode("ascii")
            return {"Authorization": f"Basic {pair}"}
        return {auth.header: checked_header(auth.header, secret)}


def _found(asked: HttpOperation, answer: HttpAnswer) -> Lookup:
    try:
        return Lookup(Outcome.DONE, result_of(asked, answer))
    except Refused:
        # It was done, but without its outputs nobody could use or undo it: a person has to look.
        return Lookup(Outcome.CANNOT_TELL)


def _subject(answer: HttpAnswer) -> dict[str, JsonValue]:
    return {"status": answer.status, "body": json_body(answer)}
