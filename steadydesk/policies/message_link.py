"""Where a message leads: to the page on which its reader does what it asks for, else to that of its record."""

from steadydesk.contracts.numbers import RecordKind, kind_of
from steadydesk.policies.delivery_payload import record_link

_TO_DECIDE = frozenset({"approval.requested", "approval.reminder", "approval.escalated", "task.answered"})
"""To those who decide at a gate; the others about gates tell what became of one."""
_ANCHORS = {
    "approval.question": "answer",
    "task.question": "answer",
    "survey.requested": "survey",
}
"""The part of the request's page that waits for its requester."""
_DELEGATIONS = "delegation."
_FEEDBACK = frozenset({"feedback.suggestion", "feedback.complaint"})


def message_link(public_url: str, event: str, number: str, subject: str | None) -> str:
    """The address for a message of this event about the record ``number``; ``subject`` is its gate, task or line.

    The address of a task leads on to the question about it those who do not work on it.
    """
    base = public_url.rstrip("/")
    if event.startswith(_DELEGATIONS):
        return f"{base}/profile/delegations"
    if event in _FEEDBACK:
        return f"{base}/feedback/{number}"
    if event in _TO_DECIDE and subject is not None and "-G" in subject and kind_of(subject):
        return f"{base}/approvals/{subject}"
    if event in _ANCHORS:
        return f"{record_link(public_url, number)}#{_ANCHORS[event]}"
    if subject is not None and kind_of(subject) is RecordKind.TASK:
        return record_link(public_url, subject)
    return record_link(public_url, number)
