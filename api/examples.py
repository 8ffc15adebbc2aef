"""One body for each route that takes one, as it would be sent to the demo organisation, by operation id."""

from typing import Any

_ANNA = "p_annaebert234"
_BORIS = "p_borisklein22"

_REQUESTS: dict[str, Any] = {
    "order": {
        "items": [
            {
                "item": "application-access",
                "variables": {
                    "application": "ledger",
                    "level": "write",
                    "until": "2027-03-31",
                    "reason": "Closing of the year",
                },
            }
        ],
        "requested_for": "ralf.requester",
        "note": "Needed before the audit",
    },
    "add_comment": {"text": "The cost centre is 4711."},
    "cancel": {"reason": "Not needed any more"},
    "resubmit": {
        "line": "RITM0000001",
        "variables": {"application": "ledger", "level": "read", "until": "2027-03-31"},
        "comment": "Reading is enough",
    },
    "recall": {"line": "RITM0000001", "reason": "The amount was wrong."},
    "give_back": {"line": "RITM0000001", "reason": "The receipt is missing."},
    "reschedule": {"line": "RITM0000001", "effective_at": "2027-02-01T08:00:00+01:00"},
    "move": {"line": "RITM0000001", "state": "delivery"},
    "answer_survey": {"score": 5, "comment": "That was quick."},
    "watch": {"person": "mona.manager"},
    "extend": {"until": "2027-06-30", "comment": "The audit takes longer"},
    "give_feedback": {"kind": "suggestion", "text": "Offer a lighter laptop."},
    "break_glass": {"reason": "The person is in hospital and the file is needed"},
    "revoke": {"reason": "The project has ended"},
}
_APPROVALS: dict[str, Any] = {
    "decide": {"decision": "approved", "comment": "Until the end of the audit"},
    "add_approver": {"person": "dora.director"},
}
_TASKS: dict[str, Any] = {
    "assign": {"person": "ingo.it"},
    "start": {"note": "On its way"},
    "ask": {"question": "Which building?"},
    "complete": {"note": "Done", "outputs": {"serial_number": "C02XG0"}},
    "skip": {"note": "It is there already"},
    "fail": {"note": "The model is not made any more"},
    "retry": {"note": "The target answers again"},
    "abort": {"note": "It will not work"},
}
_DIRECTORY: dict[str, Any] = {
    "add_person": {"user_name": "anna.ebert", "name": "Anna Ebert", "email": "anna.ebert@example.org"},
    "edit_person": {"language": "de", "zone": "Europe/Berlin"},
    "add_absence": {"begins_at": "2027-07-01T00:00:00+02:00", "ends_at": "2027-07-15T00:00:00+02:00"},
    "import_directory": {
        "people": [{"user_name": "anna.ebert", "name": "Anna Ebert", "groups": ["service-desk"]}],
        "groups": [{"key": "service-desk", "label": "Service desk", "function": "it"}],
    },
    "add_group": {"key": "night-shift", "label": "Night shift", "function": "it"},
    "edit_group": {"label": "Service desk by day"},
    "delegate": {
        "delegator": _ANNA,
        "delegate": _BORIS,
        "begins_at": "2027-07-01T00:00:00+02:00",
        "ends_at": "2027-07-15T00:00:00+02:00",
        "reason": "Holidays",
    },
}
_ACCOUNT: dict[str, Any] = {
    "write_preferences": {"preferences": [{"event": "*", "channel": "mail", "wanted": False}]},
    "subscribe": {"url": "https://chat.example.org/hooks/steadydesk", "events": ["task.*"], "label": "Chat"},
    "edit_subscription": {"active": False},
    "replay_events": {"after": 0},
    "issue_token": {"label": "Nightly report", "scopes": ["read"], "expires_at": "2027-12-31T00:00:00Z"},
    "open_session": {"user_name": "rita.requester", "password": "correct horse battery"},
    "change_password": {"old": "correct horse battery", "new": "staple correct horse"},
    "first_administrator": {
        "link": "sdl_from-the-start-of-the-installation",
        "user_name": "anna.ebert",
        "name": "Anna Ebert",
        "password": "correct horse battery",
    },
}
_CONFIGURATION: dict[str, Any] = {
    "propose": {
        "files": {"organisation.yaml": "organisation:\n  name: Harbour Hill\n"},
        "why": "A new calendar",
    },
}

EXAMPLES: dict[str, Any] = _REQUESTS | _APPROVALS | _TASKS | _DIRECTORY | _ACCOUNT | _CONFIGURATION
