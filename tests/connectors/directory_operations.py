"""The operations of the directory that the tests of the http connector talk to."""

from typing import Any

OPERATIONS: dict[str, Any] = {
    "grant": {
        "method": "POST",
        "path": "/groups/{group}/members",
        "query": {"dry": False, "tag": "$tags"},
        "headers": {"X-Reason": "$reason"},
        "body": {"person": "$person", "note": "$$free", "until": {"date": "$until"}, "source": "steadydesk"},
        "outputs": {"membership": "id"},
        "reference": "id",
        "lookup": {
            "operation": "find",
            "done": "status == `200` && body.id != null",
            "not_done": "status == `404`",
            "settle_seconds": 5,
        },
        "verify": {"operation": "read", "expect": "status == `200` && body.person == values.person"},
        "undo": "revoke",
    },
    "find": {
        "method": "GET",
        "path": "/members/by-key/{call.key}",
        "success": [200, 404],
        "outputs": {"membership": "id"},
        "reference": "id",
    },
    "read": {"method": "GET", "path": "/members/{outputs.membership}", "success": [200, 404]},
    "revoke": {"method": "DELETE", "path": "/members/{outputs.membership}", "success": [200, 204, 404]},
    "put": {"method": "PUT", "path": "/x", "repeatable": True, "outputs": {"id": "id"}, "retry": [409]},
    "fire": {"method": "POST", "path": "/fire", "body": {}},
}
VALUES = {"group": "a/b c", "tags": ["x&y", "z"], "reason": "audit", "person": "anna", "until": None}
