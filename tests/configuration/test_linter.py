"""Each rule has an edit of the demo that breaks it, and only it says so at a line of the file."""

from dataclasses import replace
from typing import Any

import pytest

from steadydesk.configuration.inspection import KnownDirectory
from steadydesk.configuration.linter import lint
from steadydesk.configuration.problem import Severity
from steadydesk.configuration.rules import RULES
from tests.support.demo_organisation import (
    DELETE,
    FILE,
    TODAY,
    Edits,
    as_loaded,
    demo,
    demo_data,
    demo_directory,
    edited,
    problems_of,
    read_json,
)

VPN = ("catalog", "vpn-access")
LAPTOP = ("catalog", "new-laptop")
MACHINE = ("catalog", "virtual-machine")
LIST = ("catalog", "mailing-list")
EXPENSE = ("catalog", "expense-payment")
STEPS = ("plan", "steps")
ACCESS = ("catalog", "application-access", *STEPS, "grant-access", "grant")
OPEN = (*VPN, *STEPS, "open-access")
STAGE = ("approval_policies", "supervisor", "stages", "supervisor")
EXPENSE_STAGE = ("approval_policies", "expense", "stages", "supervisor")
MODEL = ("process_models", "request")
CLOUD = ("connectors", "cloud", "config")
TEXT = {"en": "x", "de": "x"}
CHOICE = {"value": "a", "label": TEXT}
BY_HAND = {
    "kind": "manual",
    "label": {"en": "Doors", "de": "Türen"},
    "owner": "facilities-management",
    "review_by": "2027-03-31",
    "functions": ["facilities"],
    "config": {"instruction": TEXT, "undo": {"en": "Key 7hX2kQ9vB4nL8wR3tY6uP1zC5", "de": "x"}},
}
CARD = {"from": "steps.open-access.card"}
OWN_RIGHTS = {"rights": ["fulfiller"]}
MANUAL: dict[str, Any] = {"kind": "manual", "label": {"en": "X", "de": "X"}, "group": "service-desk"}

GARDEN = {"label": {"en": "Garden", "de": "Garten"}, "owner": "it-management", "review_by": "2030-01-01"}
BROKEN: list[tuple[str, Edits, str]] = [
    ("C101", {(*VPN, "calendar"): "berlin-ofice"}, "did you mean 'berlin-office'?"),
    ("C101", {(*VPN, "function"): "legal"}, "no function 'legal'"),
    ("C101", {(*OPEN, "call", "connector"): "identitty"}, "did you mean 'identity'?"),
    ("C101", {("catalog", "joiner", *STEPS, "laptop", "item"): "new-laptops"}, "did you mean 'new-laptop'?"),
    ("C101", {("secrets", "cloud-token", "functions"): ["its"]}, "no function 'its'"),
    ("C102", {(*VPN, "owner"): "it-managment"}, "did you mean 'it-management'?"),
    ("C102", {(*STAGE, "approvers"): [{"person": "dora.directr"}]}, "did you mean 'dora.director'?"),
    ("C102", {(*LIST, "example", "owner"): "nobody.here"}, "no person 'nobody.here'"),
    ("C201", {(*LAPTOP, *STEPS, "order", "needs"): ["hand-over"]}, "wait for each other"),
    ("C201", {(*LAPTOP, *STEPS, "order", "needs"): ["order"]}, "order → order"),
    ("C202", {(*LAPTOP, *STEPS, "prepare", "needs"): ["ordr"]}, "did you mean 'order'?"),
    ("C203", {(*OPEN, "undo"): {"nothing": TEXT}}, "revokes it"),
    ("C203", {("catalog", "joiner", *STEPS, "account", "undo"): DELETE}, "revokes it"),
    ("C204", {(*MACHINE, *STEPS, "create", "undo"): DELETE}, "needs an 'undo'"),
    ("C205", {(*LAPTOP, *STEPS, "again"): {"kind": "request", "label": TEXT, "item": "joiner"}}, "order each other"),
    ("C206", {(*OPEN, "instruction"): TEXT}, "'instruction' is for steps of kind manual"),
    ("C207", {("catalog", "leaver", "effective_at"): DELETE}, "when the plan starts"),
    ("C207", {("catalog", "leaver", "effective_at"): DELETE}, "when the silence ends"),
    ("C301", {(*EXPENSE_STAGE, "rule"): {"count": 2}}, "at most 1 people"),
    ("C301", {(*STAGE, "approvers"): [{"group": "data-owners"}], (*STAGE, "rule"): {"count": 9}}, "at most 2"),
    ("C301", {(*STAGE, "approvers"): [{"person": "portal.service"}]}, "'portal.service' is a service account"),
    ("C301", {(*STAGE, "approvers"): [{"person": "portal.service"}]}, "nobody is left who may decide"),
    ("C301", {(*STAGE, "approvers"): [{"group": "directors"}, {"person": "portal.service"}]}, "is a service account"),
    ("C302", {(*STAGE, "on_expiry"): DELETE}, "needs 'on_expiry'"),
    ("C303", {(*EXPENSE_STAGE, "on_expiry"): "approve"}, "'expense-payment' grants access or money"),
    ("C303", {(*EXPENSE_STAGE, "after_escalation"): "approve"}, "grants access or money"),
    ("C304", {(*VPN, "pre_approved"): DELETE}, "give 'approval', or 'pre_approved'"),
    ("C304", {(*VPN, "approval"): "supervisor"}, "either"),
    ("C305", {(*VPN, "pre_approved", "until"): "2026-11-22"}, "ended on 2026-11-22"),
    ("C306", {("approval_policies", "expense", "material"): ["amount"]}, "no field 'amount'"),
    ("C307", {(*EXPENSE_STAGE, "approvers"): [{"field": "purpose"}]}, "of kind person or group"),
    ("C308", {(*STAGE, "remind_at"): [50, 100]}, "from 1 to 99"),
    ("C309", {("approval_policies", "access", "exclude"): ["requester"]}, "whom it is for may approve it"),
    ("C401", {(*MODEL, "states", "lost"): {"label": TEXT, "phase": "fulfilment"}}, "no transition leads"),
    ("C402", {(*MODEL, "transitions", 0): {"from": "delivery", "to": "pending"}}, "'pending' of phase pending"),
    ("C403", {(*MODEL, "transitions", 0): {"from": "delivry", "to": "delivery"}}, "did you mean 'delivery'?"),
    ("C404", {(*MODEL, "transitions", 1, "rights"): []}, "nobody may move on from 'delivery'"),
    ("C404", {(*MODEL, "states", "pending", "requires"): ["colour"]}, "no record has the field 'colour'"),
    ("C405", {(*MODEL, "transitions", 0): {"from": "closed-complete", "to": "pending"}}, "does not move"),
    ("C501", {(*VPN, "example", "device"): "toaster"}, "must be one of the choices"),
    ("C501", {(*VPN, "example", "colour"): "red"}, "is not a field of this form"),
    ("C501", {(*VPN, "example"): {}}, "'device' is required"),
    ("C502", {(*LIST, "form", "fields", "reason", "visible_when", "field"): "open"}, "no field 'open'"),
    ("C502", {(*LIST, "form", "fields", "reason", "visible_when", "values"): ["yes"]}, "can never be 'yes'"),
    ("C503", {(*LIST, "form", "fields", "reason", "visible_when", "field"): "reason"}, "reason → reason"),
    ("C504", {(*LIST, "form", "fields", "address", "pattern"): "(?=a)b"}, "no regular expression"),
    ("C504", {(*LIST, "form", "fields", "address", "pattern"): "(a"}, "no regular expression"),
    ("C505", {(*EXPENSE, "form", "fields", "amount", "maximum"): 0}, "above the maximum"),
    ("C506", {(*EXPENSE, "price", "variable"): "amout"}, "no field 'amout'"),
    ("C506", {(*EXPENSE, "price", "variable"): "purpose"}, "of kind number"),
    ("C506", {(*EXPENSE, "form", "fields", "amount", "required"): False}, "always be required"),
    ("C508", {("catalog", "joiner", "effective_at"): DELETE}, "a joiner needs 'effective_at'"),
    ("C508", {("catalog", "mover", "beneficiary"): DELETE}, "a mover needs 'beneficiary'"),
    ("C509", {(*LIST, "form", "fields", "address", "help"): DELETE}, "say in 'help' what it takes"),
    ("C507", {(*VPN, "service"): "payments"}, "is a service of 'finance'"),
    ("C510", {(*LIST, "form", "fields", "address", "minimum"): 3}, "is for fields of kind number, not 'text'"),
    ("C510", {(*EXPENSE, "form", "fields", "amount", "pattern"): "a"}, "of kind long-text or text, not 'number'"),
    ("C510", {(*LIST, "form", "fields", "address", "future_person"): True}, "of kind person"),
    ("C511", {(*LIST, "form", "fields", "Foo Bar ü"): {"kind": "text", "label": TEXT}}, "cannot be a field"),
    ("C512", {(*LIST, "form", "fields", "twice"): {"kind": "choice", "label": TEXT, "choices": [CHOICE, CHOICE]}},
     "the choice 'a' stands twice"),
    ("C601", {(*EXPENSE_STAGE, "when"): "variables.amount >"}, "ends too early"),
    ("C601", {(*EXPENSE_STAGE, "when"): "variables.amout > 5"}, "did you mean 'amount'?"),
    ("C601", {(*EXPENSE_STAGE, "when"): "variables.amount > 'much'"}, "cannot be compared"),
    ("C601", {(*EXPENSE_STAGE, "when"): "variables.amount"}, "must yield yes or no"),
    ("C601", {(*EXPENSE_STAGE, "when"): "[1].all(a, [1].all(b, [1].all(c, true)))"}, "loops nest at most 2"),
    ("C601", {(*EXPENSE_STAGE, "when"): " || ".join(["true"] * 300)}, "at most"),
    ("C601", {(*EXPENSE_STAGE, "when"): "variables.purpose.matches('([')"}, "'([' is no regular expression"),
    ("C601", {(*EXPENSE_STAGE, "when"): "[variables.purpose].exists(p, p.matches('(?=a)b'))"}, "no look-around"),
    ("C601", {(*LIST, *STEPS, "announce", "call", "values", "text"): {"cel": "'a'.matches(r'(a)\\1') ? 'x' : 'y'"}},
     "no back-reference"),
    ("C601", {(*OPEN, "when"): "requested_for.manager == 'x'"}, "ask has(requested_for.manager) first"),
    ("C601", {(*LIST, *STEPS, "announce", "call", "values", "text"): {"cel": "secret.word"}}, "not known"),
    ("C602", {(*OPEN, "call", "values", "person"): {"from": "requested_for.username"}}, "requested_for.user_name"),
    ("C602", {(*LAPTOP, *STEPS, "order", "grant"): {"entitlement": TEXT, "until": {"from": "line.quantity"}}},
     "no date"),
    ("C602", {(*MACHINE, *STEPS, "watch", "call", "values", "timestamp"): {"from": "steps.create"}}, "names nothing"),
    ("C603", {(*EXPENSE_STAGE, "when"): "variables.iban == 'x'"}, "a rule must not read it"),
    ("C603", {("catalog", "leaver", *STEPS, "close-account", "call", "values", "person"): {"from": "variables.reason"}},
     "list it in the step's 'shows'"),
    ("C604", {(*EXPENSE, *STEPS, "request-payment", "shows"): ["ibn"]}, "did you mean 'iban'?"),
    ("C604", {(*EXPENSE, *STEPS, "request-payment", "shows"): ["amount"]}, "no sensitive field 'amount'"),
    ("C605", {("catalog", "joiner", *STEPS, "laptop", "variables", "modl"): {"value": "x"}}, "did you mean 'model'?"),
    ("C605", {("catalog", "joiner", *STEPS, "laptop", "variables", "model"): DELETE}, "needs the variable 'model'"),
    ("C606", {(*OPEN, "call", "values", "person"): {"from": "requested_for.email"}}, "ask has(requested_for.email)"),
    ("C606", {(*MACHINE, "form", "fields", "size", "required"): False}, "'variables.size' may be absent"),
    ("C606", {("catalog", "mover", "form", "fields", "change_day", "required"): False}, "'line.effective_at'"),
    ("C701", {("connectors", "cloud", "kind"): "htpp"}, "did you mean 'http'?"),
    ("C701", {(*CLOUD, "base_ulr"): "x"}, "unknown key"),
    ("C701", {(*CLOUD, "base_url"): "ftp://example.org"}, ""),
    ("C701", {("connectors", "monitoring", "config", "secrets"): []}, "at least 1 is expected"),
    ("C701", {("connectors", "monitoring", "config", "secrets"): ["whsec_x"]}, "it must match ^secret://"),
    ("C702", {(*OPEN, "call", "operation"): "add-membr"}, "no operation 'add-membr'; did you mean 'add-member'?"),
    ("C702", {(*OPEN, "call", "values", "level"): DELETE}, "needs the value 'level'"),
    ("C702", {(*OPEN, "call", "values", "colour"): {"value": 1}}, "takes no value 'colour'"),
    ("C703", {("connectors", "identity", "functions"): ["hr"]}, "is for hr"),
    ("C704", {(*OPEN, "call", "values", "level"): {"value": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}, "secret"),
    ("C704", {(*OPEN, "call", "values", "level"): {"cel": "'Bearer sk_live_4eC39HqLyjWDarjtT1zdp7dc'"}}, "secret"),
    ("C704", {(*OPEN, "call", "values", "level"): {"cel": "has(x) ? 'a' : \"sk_live_4eC39HqLyj\""}}, "secret"),
    ("C704", {("connectors", "door-system"): BY_HAND}, "secret"),
    ("C704", {(*CLOUD, "operations", "create-machine", "body", "api_key"): "abc"}, "'api_key'"),
    ("C704", {("connectors", "monitoring", "config", "url"): "https://joe:pw@example.org/x"}, "secret"),
    ("C705", {(*CLOUD, "auth", "secret"): "secret://clod-token"}, "did you mean 'cloud-token'?"),
    ("C705", {("secrets", "cloud-token", "hosts"): ["cloud.example"]}, "host '127.0.0.1'"),
    ("C705", {("secrets", "cloud-token", "connectors"): ["identity"]}, "connector 'cloud'"),
    ("C705", {("secrets", "cloud-token", "functions"): ["hr"]}, "function 'it'"),
    ("C706", {(*OPEN, "undo", "call", "operation"): "remove-member", (*MACHINE, *STEPS, "watch", "verify"): True},
     "has no 'verify'"),
    ("C707", {(*OPEN, "call", "values", "level"): {"value": "secret://cloud-token"}}, "such as auth:"),
    ("C707", {(*OPEN, "call", "values", "level"): {"cel": "'secret://cloud-token'"}}, "such as auth:"),
    ("C707", {(*LAPTOP, *STEPS, "hand-over", "instruction"): "Type secret://cloud-token"}, "as it stands"),
    ("C707", {("catalog", "joiner", *STEPS, "laptop", "variables", "model"): {"value": "secret://cloud-token"}},
     "the connector's 'config'"),
    ("C801", {(*VPN, "review_by"): "2026-11-01"}, "had to review this by 2026-11-01"),
    ("C802", {(*VPN, "name"): {"en": "VPN"}}, "lacks de"),
    ("C802", {(*VPN, "name"): "VPN"}, "lacks de"),
    ("C803", {(*VPN, "name", "fr"): "VPN"}, "'fr' is none"),
    ("C804", {("templates", "request.open"): {"subject": TEXT, "text": TEXT}}, "did you mean 'request.opened'?"),
    ("C805", {("templates", "request.opened", "text", "en"): "{{ iban }}"}, "iban"),
    ("C805", {("templates", "request.opened", "subject", "de"): "{{ number"}, "template"),
    ("C805", {("templates", "request.opened", "text", "de"): "{% for i in range(9) %}{% endfor %}"}, "template"),
    ("C805", {("templates", "request.opened", "text", "de"): "{{ number.__class__ }}"}, "__class__ is not a field"),
    ("C805", {("templates", "request.opened", "text", "de"): "{{ number['__class__'].x }}"}, "__class__"),
    ("C805", {("templates", "request.opened", "text", "de"): "{{ (number|upper)._secret }}"}, "_secret"),
    ("C806", {("functions", "garden"): GARDEN}, "nobody in the directory has the role process_owner@garden"),
    ("C901", {("calendars", "berlin-office", "zone"): "Europe/Berln"}, "did you mean 'Europe/Berlin'?"),
    ("C901", {("calendars", "berlin-office", "week", "mon", 0, "end"): "13:00"}, "overlap"),
    ("C902", {("calendars", "always-open", "week"): {"mon": []}}, "closed on every day"),
    ("C903", {("calendars", "berlin-office", "country"): "XX"}, "no holidays are known"),
    ("C903", {("calendars", "berlin-office", "subdivision"): "XX"}, "no subdivision 'XX'"),
    ("C607", {(*ACCESS, "until"): {"value": "banana"}}, "a date such as 2027-03-31"),
    ("C607", {(*ACCESS, "until"): {"from": "variables.reason"}}, "a field of kind date"),
    ("C905", {(*VPN, "promise"): "P99999999D"}, "longer than ten years on the calendar 'always-open'"),
    ("C905", {(*LIST, "promise"): "P1000D"}, "longer than ten years on the calendar 'berlin-office'"),
    ("C905", {(*STAGE, "due"): "P30000D"}, "longer than ten years"),
    ("C905", {(*OPEN, "timeout"): "P9999D"}, "longer than ten years; write a shorter one"),
    ("C906", {(*OPEN, "timeout"): "PT0S"}, "'timeout' must be longer than nothing"),
    ("C906", {(*OPEN, "retry"): {"first": "-PT1S"}}, "'first' cannot be less than nothing"),
    ("C906", {(*STAGE, "due"): "-PT1H"}, "'due' cannot be less than nothing"),
    ("C906", {(*STAGE, "due"): "PT0S"}, "'due' must be longer than nothing"),
    ("C907", {(*OPEN, "retry"): {"first": "PT5M"}}, "write a longer 'longest'"),
    ("C904", {("organisation", "zone"): "Mars/Crater"}, "unknown time zone"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "edits", "words"), BROKEN)
def test_a_broken_rule_is_found_where_it_is_broken(rule: str, edits: Edits, words: str) -> None:
    found = [problem for problem in problems_of(edited(edits)) if problem.rule == rule]
    assert any(words in problem.message for problem in found), problems_of(edited(edits))
    for problem in found:
        assert problem.place.file == FILE
        assert problem.place.line > 1
        assert problem.severity is RULES[rule].severity


def test_the_host_of_a_secret_may_be_written_in_either_case() -> None:
    data = edited(
        {
            (*CLOUD, "base_url"): "https://Cloud.example",
            ("secrets", "cloud-token", "hosts"): ["CLOUD.example"],
        }
    )
    assert not [problem for problem in problems_of(data) if problem.rule == "C705"]


def test_a_list_is_not_too_short_for_what_is_wrong_in_it() -> None:
    edits: Edits = {("connectors", "monitoring", "config", "secrets"): ["whsec_x"]}
    messages = [problem.message for problem in problems_of(edited(edits)) if problem.rule == "C701"]
    assert messages == ["it must match ^secret://[a-z][a-z0-9-]{0,62}$"]


def test_an_empty_fallback_or_group_satisfies_nobody() -> None:
    known = demo_directory()
    without = KnownDirectory(known.people, {**known.members, "directors": frozenset()})
    messages = [problem.message for problem in problems_of(demo_data(), without) if problem.rule == "C301"]
    assert "nobody is left who may decide this stage" in messages
    assert "the fallback group 'directors' has no active member" in messages


def test_a_value_that_was_asked_for_first_may_be_absent() -> None:
    edits: Edits = {
        (*OPEN, "call", "values", "person"): {"from": "requested_for.email"},
        (*OPEN, "when"): "has(requested_for.email)",
    }
    assert problems_of(edited(edits)) == []


def test_a_step_that_a_person_does_for_its_connector_says_what_a_manual_one_may() -> None:
    doors = BY_HAND | {"functions": ["it"], "config": {"instruction": TEXT}}
    english = doors | {"config": {"instruction": "Open it."}}
    form = {"fields": {"card": {"kind": "text", "label": TEXT, "required": True}}}
    given = {"group": "service-desk", "instruction": TEXT, "form": form, "due": "PT4H"}
    edits: Edits = {
        ("connectors", "doors"): doors,
        (*OPEN, "call"): {"connector": "doors", "operation": "open"},
        (*OPEN, "undo"): {"call": {"connector": "doors", "operation": "close", "values": {"card": CARD}}},
        (*OPEN, "verify"): False,
        **{(*OPEN, name): value for name, value in given.items()},
    }
    assert problems_of(edited(edits)) == []
    misspelt = {"from": "steps.open-access.crd"}
    undo = {"call": {"connector": "doors", "operation": "close", "values": {"card": misspelt}}}
    found = problems_of(edited({**edits, (*OPEN, "undo"): undo}))
    assert [(problem.rule, "open-access.card" in problem.message) for problem in found] == [("C602", True)]
    found = problems_of(edited({**edits, ("connectors", "doors"): english}))
    assert [(problem.rule, problem.message) for problem in found] == [("C802", "the text lacks de")]


def test_without_a_directory_one_warning_says_that_people_are_not_checked() -> None:
    problems = lint(as_loaded(read_json(edited({(*VPN, "owner"): "no-such-group"}))), TODAY, None)
    assert [(problem.rule, problem.severity) for problem in problems] == [("C103", Severity.WARNING)]


def test_an_example_of_somebody_who_has_left_is_a_warning() -> None:
    known = demo_directory()
    data = edited({(*LIST, "example", "owner"): "ralf.requester"})
    gone = replace(known, people=known.people - {"ralf.requester"}, left=frozenset({"ralf.requester"}))
    found = problems_of(data, gone)
    assert found
    assert {(problem.rule, problem.severity) for problem in found} == {("C104", Severity.WARNING)}
    assert "C102" in {problem.rule for problem in problems_of(data, replace(gone, left=frozenset()))}


def test_every_rule_has_a_failing_example() -> None:
    elsewhere = {"C103", "C104", *(rule.id for rule in RULES.values() if rule.check is None)}
    assert {rule for rule, _, _ in BROKEN} == RULES.keys() - elsewhere


def test_the_demo_breaks_no_rule() -> None:
    assert lint(demo(), TODAY, demo_directory()) == []
    assert problems_of(demo_data()) == []
