"""What every route must demand, written down by hand: permission, and the verb of the visibility matrix."""

from dataclasses import dataclass, field
from typing import Any

from steadydesk.policies.rights import Permission, Verb


@dataclass(frozen=True)
class Demand:
    """``verb``: about a record, asked for it. ``lists``: shows records of several processes. ``permission``
    None: a public route. ``body`` is harmless: it leaves every record as it is. ``everywhere``: the right
    must be one for the whole organisation.
    """

    permission: Permission | None
    verb: Verb | None = None
    of: str = "request"
    lists: bool = False
    body: Any = None
    stream: bool = False
    stale: bool = False
    file: bool = False
    everywhere: bool = False


def _see(of: str = "request", **more: Any) -> Demand:
    return Demand(Permission.READ, Verb.SEE, of, **more)


def _act(permission: Permission, verb: Verb, body: dict[str, Any], **more: Any) -> Demand:
    return Demand(permission, verb, body=body, stale=True, **more)


def _work(body: dict[str, Any] | None = None) -> Demand:
    return _act(Permission.WORK, Verb.WORK, body or {}, of="task")


_NOBODY = "p_aaaaaaaaaaaa"

DEMANDS: dict[str, Demand] = {
    "POST /requests": Demand(Permission.ORDER, body={}),
    "GET /requests": Demand(Permission.READ, lists=True),
    "GET /requests/{number}": _see(),
    "POST /requests/{number}/comments": _act(Permission.ORDER, Verb.COMMENT, {"text": "x"}),
    "POST /requests/{number}/cancel": _act(Permission.ORDER, Verb.CANCEL, {}),
    "POST /requests/{number}/resubmit": _act(Permission.ORDER, Verb.RESUBMIT, {"variables": {}}),
    "POST /requests/{number}/recall": _act(Permission.ORDER, Verb.RECALL, {}),
    "POST /requests/{number}/return": _act(Permission.WORK, Verb.RETURN, {}),
    "POST /requests/{number}/reschedule": _act(
        Permission.ORDER, Verb.RESUBMIT, {"effective_at": "2030-01-01T00:00:00Z"}
    ),
    "POST /requests/{number}/move": _act(Permission.READ, Verb.MOVE, {"state": "nowhere"}),
    "POST /requests/{number}/survey": _act(Permission.ORDER, Verb.ANSWER_SURVEY, {"score": 3}),
    "POST /requests/{number}/watch": _act(
        Permission.ORDER, Verb.WATCH, {"person": "ada.admin", "watch": False}
    ),
    "POST /requests/{number}/extend": Demand(Permission.ORDER, Verb.EXTEND, body={"until": "2030-01-01"}),
    "GET /requests/{number}/attachments": _see(),
    "POST /requests/{number}/attachments": Demand(Permission.ORDER, Verb.ATTACH, file=True),
    "GET /requests/{number}/attachments/{identity}": _see(),
    "GET /requests/{number}/events": _see(stream=True),
    "GET /requests/{number}/timeline": _see(),
    "GET /approvals": Demand(Permission.READ, lists=True),
    "GET /approvals/{gate}": _see("gate"),
    "POST /approvals/{gate}/decision": _act(
        Permission.DECIDE, Verb.SEE, {"decision": "withdrawn"}, of="gate"
    ),
    "POST /approvals/{gate}/approvers": _act(
        Permission.ORDER, Verb.ADD_APPROVER, {"person": "dora.director"}, of="gate"
    ),
    "GET /tasks": Demand(Permission.READ, lists=True),
    "GET /tasks/{number}": _see("task"),
    "POST /tasks/{number}/assign": _work(),
    "POST /tasks/{number}/start": _work(),
    "POST /tasks/{number}/ask": _work({"question": "x"}),
    "POST /tasks/{number}/complete": _work(),
    "POST /tasks/{number}/skip": _work(),
    "POST /tasks/{number}/fail": _work(),
    "POST /tasks/{number}/retry": _work(),
    "POST /tasks/{number}/abort": _work(),
    "GET /records/{number}": _see("line"),
    "GET /records/{number}/why": _see("line"),
    "GET /records/{number}/timeline": _see("line"),
    "GET /audit/{number}": Demand(Permission.READ, Verb.SEE_AUDIT, "line"),
    "GET /audit/{number}/reads": Demand(Permission.READ, Verb.SEE_ACCESSES, "line"),
    "GET /audit/{number}/emergencies": Demand(Permission.READ, Verb.SEE_ACCESSES, "line"),
    "POST /records/{number}/feedback": Demand(
        Permission.ORDER, Verb.SEE, "line", body={"kind": "suggestion", "text": "x"}
    ),
    "GET /feedback": Demand(Permission.READ),
    "GET /feedback/{identity}": _see("feedback"),
    "POST /records/{number}/break-glass": Demand(Permission.OPERATE, body={"reason": "short"}),
    "GET /security-events": Demand(Permission.OPERATE),
    "GET /grants": Demand(Permission.READ, lists=True),
    "GET /grants/{number}": _see("grant"),
    "POST /grants/{number}/revoke": Demand(Permission.ORDER, Verb.CANCEL, "grant", body={}, stale=True),
    "GET /catalog/items": Demand(Permission.READ),
    "GET /catalog/items/{key}": Demand(Permission.READ),
    "GET /config/versions": Demand(Permission.READ_CONFIGURATION),
    "POST /config/versions": Demand(Permission.CONFIGURE, body={}),
    "GET /config/versions/{digest}": Demand(Permission.READ_CONFIGURATION),
    "GET /config/versions/{digest}/difference": Demand(Permission.READ_CONFIGURATION),
    "POST /config/versions/{digest}/approve": Demand(Permission.CONFIGURE, everywhere=True),
    "GET /people": Demand(Permission.READ),
    "GET /me": Demand(Permission.READ),
    "POST /people": Demand(Permission.MANAGE_DIRECTORY, body={}),
    "GET /people/{person_id}": Demand(Permission.READ),
    "PATCH /people/{person_id}": Demand(Permission.OWN_ACCOUNT, body={"unknown": 1}),
    "POST /people/{person_id}/deactivate": Demand(Permission.MANAGE_DIRECTORY, everywhere=True),
    "POST /people/{person_id}/reactivate": Demand(Permission.MANAGE_DIRECTORY, everywhere=True),
    "GET /people/{person_id}/absences": Demand(Permission.OWN_ACCOUNT),
    "POST /people/{person_id}/absences": Demand(Permission.OWN_ACCOUNT, body={}),
    "DELETE /people/{person_id}/absences/{absence_id}": Demand(Permission.OWN_ACCOUNT),
    "POST /directory/import": Demand(Permission.MANAGE_DIRECTORY, body={"unknown": 1}),
    "GET /groups": Demand(Permission.READ),
    "POST /groups": Demand(Permission.MANAGE_GROUPS, body={}),
    "GET /groups/{key}": Demand(Permission.READ),
    "PATCH /groups/{key}": Demand(Permission.MANAGE_GROUPS, body={"unknown": 1}),
    "PUT /groups/{key}/members/{person_id}": Demand(Permission.MANAGE_GROUPS),
    "DELETE /groups/{key}/members/{person_id}": Demand(Permission.MANAGE_GROUPS),
    "GET /delegations": Demand(Permission.OWN_ACCOUNT),
    "POST /delegations": Demand(Permission.OWN_ACCOUNT, body={}),
    "DELETE /delegations/{delegation_id}": Demand(Permission.OWN_ACCOUNT),
    "GET /notifications": Demand(Permission.READ, lists=True),
    "POST /notifications/{entry}/read": Demand(Permission.OWN_ACCOUNT),
    "GET /notifications/preferences": Demand(Permission.OWN_ACCOUNT),
    "PUT /notifications/preferences": Demand(Permission.OWN_ACCOUNT, body={"unknown": 1}),
    "GET /events": Demand(Permission.READ),
    "GET /subscriptions": Demand(Permission.OWN_ACCOUNT),
    "POST /subscriptions": Demand(Permission.OWN_ACCOUNT, body={}),
    "GET /subscriptions/{subscription_id}": Demand(Permission.OWN_ACCOUNT),
    "PATCH /subscriptions/{subscription_id}": Demand(Permission.OWN_ACCOUNT, body={"unknown": 1}),
    "DELETE /subscriptions/{subscription_id}": Demand(Permission.OWN_ACCOUNT),
    "POST /subscriptions/{subscription_id}/rotate": Demand(Permission.OWN_ACCOUNT),
    "POST /subscriptions/{subscription_id}/replay": Demand(Permission.OWN_ACCOUNT, body={"unknown": 1}),
    "GET /subscriptions/{subscription_id}/deliveries": Demand(Permission.OWN_ACCOUNT, lists=True),
    "GET /deliveries/dead-letters": Demand(Permission.OPERATE),
    "POST /deliveries/{delivery_id}/retry": Demand(Permission.OPERATE),
    "GET /tokens": Demand(Permission.OWN_ACCOUNT),
    "POST /tokens": Demand(Permission.OWN_ACCOUNT, body={}),
    "DELETE /tokens/{token_id}": Demand(Permission.OWN_ACCOUNT),
    "DELETE /sessions/current": Demand(Permission.READ),
    "PUT /me/password": Demand(Permission.OWN_ACCOUNT, body={}),
    "POST /sessions": Demand(None),
    "POST /first-administrator": Demand(None),
}
"""By method and path below the API's prefix."""

PAGES = frozenset({"/problems", "/problems/{slug}", "/metrics", "/docs", "/livez", "/readyz"})
"""Public, or with a rule of their own, outside the prefix; the portal's pages are tested as pages."""

PATH_VALUES = {
    "person_id": _NOBODY,
    "absence_id": "ab_none",
    "delegation_id": "d_none",
    "entry": "1",
    "subscription_id": "wh_aaaaaaaaaaaa",
    "delivery_id": "d_" + "0" * 32,
    "token_id": "t_none",
    "digest": "none",
    "key": "vpn-access",
    "identity": "att_none",
}


@dataclass(frozen=True)
class Actor:
    """Who asks, and what their roles permit in some function; ``for_`` is whom a service account acts for."""

    user_name: str | None
    permissions: frozenset[Permission] = frozenset()
    for_: str | None = None
    everywhere: bool = False


@dataclass
class Subject:
    """A record of the matrix: its numbers, and why each actor sees it (nobody else does). ``feedback`` is a complaint
    about it, and ``hear`` are the actors who read that one, whether or not they see the record.
    """

    request: str
    line: str
    task: str
    gate: str
    grant: str
    relations: dict[str, set[str]] = field(default_factory=dict)
    feedback: str = ""
    hear: frozenset[str] = frozenset()

    @property
    def numbers(self) -> list[str]:
        parts = (self.request, self.line, self.task, self.gate, self.grant)
        return [number for number in parts if number]


_READER = frozenset({Permission.READ, Permission.OWN_ACCOUNT})
_PERSON = _READER | {Permission.ORDER, Permission.DECIDE}
_FULFILLER = _PERSON | {Permission.WORK}
_OWNER = _FULFILLER | {
    Permission.MANAGE_GROUPS,
    Permission.READ_CONFIGURATION,
    Permission.CONFIGURE,
}
_ADMINISTRATOR = _PERSON | {
    Permission.MANAGE_GROUPS,
    Permission.MANAGE_DIRECTORY,
    Permission.READ_CONFIGURATION,
    Permission.CONFIGURE,
    Permission.OPERATE,
}

ACTORS: dict[str, Actor] = {
    "rita": Actor("rita.requester", _PERSON),
    "ralf": Actor("ralf.requester", _PERSON),
    "watcher": Actor("wanda.watcher", _PERSON),
    "approver": Actor("mona.manager", _PERSON),
    "delegate": Actor("dirk.delegate", _PERSON),
    "limited delegate": Actor("lena.limited", _PERSON),
    "it desk": Actor("ingo.it", _FULFILLER),
    "it owner": Actor("ines.itlead", _OWNER),
    "hr desk": Actor("hanna.hr", _FULFILLER),
    "hr owner": Actor("helga.hrlead", _OWNER),
    "other hr owner": Actor("olaf.owner", _OWNER),
    "finance desk": Actor("felix.finance", _FULFILLER),
    "finance owner": Actor("fiona.finance", _OWNER),
    "administrator": Actor("adam.admin", _ADMINISTRATOR, everywhere=True),
    "operator": Actor("otto.operator", _PERSON | {Permission.OPERATE, Permission.READ_CONFIGURATION}),
    "who must not know": Actor("kim.kept", _FULFILLER),
    "stranger": Actor("stan.stranger", _PERSON),
    "acting for rita": Actor(
        "portal.service", frozenset({Permission.READ, Permission.ORDER}), "rita.requester"
    ),
    "acting for helga": Actor(
        "portal.service",
        frozenset(
            {
                Permission.READ,
                Permission.ORDER,
                Permission.WORK,
                Permission.READ_CONFIGURATION,
            }
        ),
        "helga.hrlead",
    ),
    "who left": Actor("lars.left"),
    "nobody": Actor(None),
}
