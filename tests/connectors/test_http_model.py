import copy
from typing import Any

import pytest
from pydantic import ValidationError

from steadydesk.connectors.http_model import HttpConfiguration

GOOD: dict[str, Any] = {
    "base_url": "https://directory.example/api",
    "auth": {"scheme": "bearer", "secret": "secret://directory-token"},
    "operations": {
        "add": {
            "method": "POST",
            "path": "/people/{name}",
            "body": {"name": "$name"},
            "outputs": {"id": "id"},
            "undo": "remove",
            "verify": {"operation": "read", "expect": "status == `200`"},
            "lookup": {"operation": "read_by_key", "done": "status == `200`", "not_done": "status == `404`"},
        },
        "read": {"method": "GET", "path": "/people/{outputs.id}"},
        "read_by_key": {"method": "GET", "path": "/keys/{call.key}", "outputs": {"id": "id"}},
        "remove": {"method": "DELETE", "path": "/people/{outputs.id}"},
    },
}


def test_the_good_one_is_good() -> None:
    assert HttpConfiguration.model_validate(GOOD).base_url == "https://directory.example/api"


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        ("base_url", "ftp://x", "only absolute https"),
        ("base_url", "https://u:p@x", "user name or password"),
        ("base_url", "https://x?a=b", "no query"),
        ("base_url", "https://x#a", "no query and no fragment"),
        ("base_url", "https://x/a/../b", "path segment '..'"),
        ("base_url", "https://x/{tenant}", "has no {field}"),
        ("auth.secret", "hunter2", "pattern"),
        ("auth.scheme", "digest", "scheme"),
        ("auth", {"scheme": "header", "header": "Host", "secret": "secret://a"}, "set by the connector"),
        ("auth", {"scheme": "basic", "username": "a:b", "secret": "secret://a"}, "pattern"),
        ("operations", {}, "at least 1"),
        ("operations.add.method", "TRACE", "method"),
        ("operations.add.path", "people", "begins with /"),
        ("operations.add.path", "/people/{name}.json", "neither one {field} nor"),
        ("operations.add.path", "/people//x", "neither one {field} nor"),
        ("operations.add.path", "/people/../x", "neither one {field} nor"),
        ("operations.add.path", "/people?x=1", "neither one {field} nor"),
        ("operations.add.path", "/people/{call.secret}", "does not exist"),
        ("operations.add.path", "/people/{steps.other}", "neither one {field} nor"),
        ("operations.add.body", {"a": ["$na me"]}, "no reference"),
        ("operations.add.query", {"a": "$steps.other"}, "no reference"),
        ("operations.add.headers", {"Authorization": "Bearer x"}, "credentials belong under `auth`"),
        ("operations.add.headers", {"X-A\r\nB": "x"}, "token of RFC 9110"),
        ("operations.add.headers", {"X-A": "a\r\nb"}, "one line"),
        ("operations.read.body", {"a": 1}, "GET request has no body"),
        ("operations.add.outputs", {"id": "id["}, "not a JMESPath"),
        ("operations.add.verify.expect", "status ==", "not a JMESPath"),
        ("operations.add.retry", [200], "either success or retry"),
        ("operations.add.success", [99], "greater than or equal"),
        ("operations.add.undo", "missing", "there is no operation 'missing'"),
        ("operations.add.verify.operation", "remove", "GET, HEAD or repeatable"),
        ("operations.add.lookup.operation", "remove", "GET, HEAD or repeatable"),
        ("operations.add.outputs", {}, "needs outputs that add lacks: ['id']"),
        ("operations.add.colour", "red", "Extra inputs"),
        ("colour", "red", "Extra inputs"),
    ],
)
def test_each_fault_is_named(place: str, value: object, complaint: str) -> None:
    configuration = copy.deepcopy(GOOD)
    *parents, last = place.split(".")
    spot = configuration
    for name in parents:
        spot = spot[name]
    spot[last] = value
    with pytest.raises(ValidationError) as raised:
        HttpConfiguration.model_validate(configuration)
    assert complaint in str(raised.value)
    assert "hunter2" not in str(raised.value)
