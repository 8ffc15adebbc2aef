"""Who may do what: roles per function to permissions, and the matrix of who does what with a record."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from steadydesk.contracts.directory import ANY_FUNCTION, Person, Role, RoleHolding, Standing
from steadydesk.contracts.identity import Scope


class Permission(StrEnum):
    """What a route declares; the names of the rows of the permissions table in the docs."""

    READ = "read"
    """Catalogue, people, groups, and the records that the matrix lets one see."""
    ORDER = "order"
    """Order, cancel, comment, resubmit, answer surveys, and say or change whatever else one's sight allows."""
    DECIDE = "decide"
    WORK = "work"
    """Tasks of one's groups."""
    OWN_ACCOUNT = "own_account"
    """One's own tokens, preferences, absence and delegations."""
    MANAGE_GROUPS = "manage_groups"
    MANAGE_DIRECTORY = "manage_directory"
    READ_CONFIGURATION = "read_configuration"
    CONFIGURE = "configure"
    OPERATE = "operate"
    """Stuck processes, dead letters, breakers, security events: states and numbers, no words."""


SCOPE_OF: Mapping[Permission, Scope] = {
    Permission.READ: Scope.READ,
    Permission.ORDER: Scope.ORDER,
    Permission.DECIDE: Scope.DECIDE,
    Permission.WORK: Scope.WORK,
    Permission.OWN_ACCOUNT: Scope.DIRECTORY,
    Permission.MANAGE_GROUPS: Scope.DIRECTORY,
    Permission.MANAGE_DIRECTORY: Scope.DIRECTORY,
    Permission.READ_CONFIGURATION: Scope.READ,
    Permission.CONFIGURE: Scope.CONFIGURE,
    Permission.OPERATE: Scope.OPERATE,
}
"""The scope that a token needs for it, beside the role of its person."""

_EVERYBODY = frozenset({Permission.READ, Permission.OWN_ACCOUNT})

PERMISSIONS_OF: Mapping[Role, frozenset[Permission]] = {
    Role.REQUESTER: _EVERYBODY | {Permission.ORDER},
    Role.APPROVER: _EVERYBODY | {Permission.DECIDE},
    Role.FULFILLER: _EVERYBODY | {Permission.WORK},
    Role.PROCESS_OWNER: _EVERYBODY
    | {
        Permission.WORK,
        Permission.MANAGE_GROUPS,
        Permission.READ_CONFIGURATION,
        Permission.CONFIGURE,
    },
    Role.OPERATOR: _EVERYBODY | {Permission.OPERATE, Permission.READ_CONFIGURATION},
    Role.ADMINISTRATOR: _EVERYBODY
    | {
        Permission.MANAGE_GROUPS,
        Permission.MANAGE_DIRECTORY,
        Permission.READ_CONFIGURATION,
        Permission.CONFIGURE,
        Permission.OPERATE,
    },
}

NEVER_FOR_ANOTHER = frozenset(
    {
        Permission.DECIDE,
        Permission.OWN_ACCOUNT,
        Permission.MANAGE_GROUPS,
        Permission.MANAGE_DIRECTORY,
        Permission.CONFIGURE,
        Permission.OPERATE,
    }
)
"""What nobody does while acting for another person: decide, or be the administrator that the other one is."""

_EVERY_ACCOUNT = frozenset({RoleHolding(role=Role.REQUESTER)})
_EVERY_PERSON = _EVERY_ACCOUNT | {RoleHolding(role=Role.APPROVER)}


def implied_roles(person: Person, functions: Iterable[str]) -> frozenset[RoleHolding]:
    """The roles that need no entry: every active person may order and be asked to approve, and fulfils in the
    ``functions`` of their groups. A service account may order and fulfil, never approve.
    """
    if not person.active:
        return frozenset()
    always = _EVERY_ACCOUNT if person.service_account else _EVERY_PERSON
    return always | {RoleHolding(role=Role.FULFILLER, function=function) for function in functions}


def holds(standing: Standing, role: Role, function: str | None = None) -> bool:
    """Whether the person has ``role`` in ``function``, or for None in any function."""
    return any(
        holding.role is role and (function is None or holding.function in (function, ANY_FUNCTION))
        for holding in standing.roles
    )


def allowed(standing: Standing, permission: Permission, function: str | None = None) -> bool:
    """Whether a role carries ``permission`` in ``function``; None asks for any, ``*`` for all of them.

    Whoever is in a group, of whatever function, can be given its tasks.
    """
    if permission is Permission.WORK and function is None and standing.groups:
        return True
    return any(
        permission in PERMISSIONS_OF[holding.role]
        and (function is None or holding.function in (function, ANY_FUNCTION))
        for holding in standing.roles
    )


class Relation(StrEnum):
    """Why somebody sees a record; the values of ``why`` in the table sight."""

    REQUESTER = "requester"
    REQUESTED_FOR = "requested_for"
    WATCHER = "watcher"
    APPROVER = "approver"
    FULFILMENT_GROUP = "fulfilment_group"
    PROCESS_OWNER = "process_owner"
    RESTRICTED_GROUP = "restricted_group"
    """A group that the model of a restricted record names."""
    BREAK_GLASS = "break_glass"
    """Sight for a stated reason and time; the process owner was told."""


class Verb(StrEnum):
    """What can be done with a record."""

    SEE = "see"
    COMMENT = "comment"
    WORK_NOTE = "work_note"
    """Notes among those who work on it, hidden from the requester's side."""
    CANCEL = "cancel"
    RESUBMIT = "resubmit"
    RECALL = "recall"
    """Take it back out of approval, to change it."""
    RETURN = "return"
    """Give it back to its requester after the approval."""
    EXTEND = "extend"
    ANSWER_SURVEY = "answer_survey"
    ATTACH = "attach"
    WATCH = "watch"
    """Watch it, name another watcher, and take back a watcher whom one named."""
    REMOVE_WATCHER = "remove_watcher"
    """End the watching of somebody whom another person named."""
    DECIDE = "decide"
    WORK = "work"
    MOVE = "move"
    """To another state of its model, where the transition's own rights name them too."""
    ADD_APPROVER = "add_approver"
    SEE_AUDIT = "see_audit"
    """The hash chain: who did what when, by references."""
    SEE_ACCESSES = "see_accesses"
    """Who read sensitive answers, and who opened it in an emergency."""


_R = Relation
_ALL = frozenset(Relation)
_ASKING = frozenset({_R.REQUESTER, _R.REQUESTED_FOR})
_WORKING = frozenset({_R.FULFILMENT_GROUP, _R.PROCESS_OWNER})

VISIBILITY: Mapping[Verb, frozenset[Relation]] = {
    Verb.SEE: _ALL,
    Verb.COMMENT: _ASKING | _WORKING | {_R.WATCHER, _R.APPROVER},
    Verb.WORK_NOTE: _WORKING,
    Verb.CANCEL: _ASKING | {_R.PROCESS_OWNER},
    Verb.RESUBMIT: _ASKING,
    Verb.RECALL: _ASKING,
    Verb.RETURN: _WORKING,
    Verb.EXTEND: _ASKING,
    Verb.ANSWER_SURVEY: _ASKING,
    Verb.ATTACH: _ASKING | _WORKING,
    Verb.WATCH: _ALL - {_R.BREAK_GLASS},
    Verb.REMOVE_WATCHER: _ASKING | _WORKING,
    Verb.DECIDE: frozenset({_R.APPROVER}),
    Verb.WORK: _WORKING,
    Verb.MOVE: _ASKING | _WORKING,
    Verb.ADD_APPROVER: frozenset({_R.PROCESS_OWNER}),
    Verb.SEE_AUDIT: frozenset({_R.PROCESS_OWNER, _R.REQUESTER, _R.APPROVER, _R.RESTRICTED_GROUP}),
    Verb.SEE_ACCESSES: frozenset({_R.PROCESS_OWNER, _R.RESTRICTED_GROUP}),
}
"""The visibility matrix. No role appears in it: an administrator or operator sees no record by being one."""


def may(verb: Verb, relations: Iterable[str]) -> bool:
    """Whether one of the ways in which somebody sees a record lets them do ``verb`` to it."""
    return not VISIBILITY[verb].isdisjoint(relations)
