"""Where messages lead."""

import pytest

from steadydesk.contracts.events import EVENT_TYPES
from steadydesk.policies.message_link import message_link

REQ = "REQ0000001"
GATE = f"{REQ}-G2"
TASK = "SCTASK0000003"


@pytest.mark.parametrize(
    ("event", "subject", "path"),
    [
        ("approval.requested", GATE, f"/approvals/{GATE}"),
        ("approval.reminder", GATE, f"/approvals/{GATE}"),
        ("approval.escalated", GATE, f"/approvals/{GATE}"),
        ("task.answered", GATE, f"/approvals/{GATE}"),
        ("approval.decided", GATE, f"/records/{REQ}"),
        ("approval.voided", GATE, f"/records/{REQ}"),
        ("approval.question", GATE, f"/records/{REQ}#answer"),
        ("task.question", TASK, f"/records/{REQ}#answer"),
        ("survey.requested", REQ, f"/records/{REQ}#survey"),
        ("task.opened", TASK, f"/records/{TASK}"),
        ("task.assigned", TASK, f"/records/{TASK}"),
        ("task.reminder", TASK, f"/records/{TASK}"),
        ("task.answered", TASK, f"/records/{TASK}"),
        ("step.failed", "RITM0000001/access", f"/records/{REQ}"),
        ("request.opened", None, f"/records/{REQ}"),
        ("approval.requested", None, f"/records/{REQ}"),
    ],
)
def test_a_message_leads_to_what_it_asks_for(event: str, subject: str | None, path: str) -> None:
    assert event in EVENT_TYPES
    assert message_link("https://d.example/", event, REQ, subject) == f"https://d.example{path}"
    assert message_link("", event, REQ, subject) == path


def test_what_is_about_no_record_leads_to_its_page_or_to_the_start() -> None:
    assert (
        message_link("https://d.example", "delegation.made", "d_1", None)
        == "https://d.example/profile/delegations"
    )
    for event in ("feedback.suggestion", "feedback.complaint"):
        assert message_link("https://d.example", event, "fb_1", None) == "https://d.example/feedback/fb_1"
    assert message_link("https://d.example", "feedback.unattended", "fb_1", None) == "https://d.example"
    assert message_link("https://d.example", "configuration.applied", "c_1", None) == "https://d.example"
    assert message_link("", "configuration.applied", "c_1", None) == ""
