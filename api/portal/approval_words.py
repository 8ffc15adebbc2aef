"""An approval in words: its rule, who is asked and why, what a yes or a no sets off, and what has changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.portal.answer_words import answers_in_words
from api.portal.page import Page
from api.portal.progress import label_of
from steadydesk.contracts.approval_policy import ApprovalPolicy, Rule
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.form import Form
from steadydesk.contracts.gate import Decision, Gate
from steadydesk.contracts.language import in_language
from steadydesk.contracts.request import Line
from steadydesk.policies.approval import needed
from steadydesk.policies.approval_outlook import Follows, Outlook, outlook
from steadydesk.records.views.approval_difference import VARIABLES, is_confidential
from steadydesk.records.views.approval_page import ApprovalContent


@dataclass(frozen=True)
class Change:
    """A material field before and after; both None where the values are confidential or not known any more."""

    label: str
    before: str | None
    after: str | None


def policy_words(page: Page, content: ApprovalContent) -> list[str]:
    """The policy's rule, whom it leaves out, and delegation, a sentence each."""
    policy = policy_of(content)
    stage = policy.stages[content.gate.stage]
    people = {person.natural for person in content.gate.eligible}
    people |= {ballot.natural for ballot in content.gate.ballots}
    sentences = [_rule(page, stage.rule, len(people))]
    sentences.append(page.words("approvals.delegable" if stage.may_delegate else "approvals.not_delegable"))
    if policy.exclude:
        who = page.words(f"approvals.exclude_{'_'.join(sorted(policy.exclude))}")
        sentences.append(page.words("approvals.excluded", who=who))
    if content.gate.escalations:
        sentences.append(page.words("approvals.escalated"))
    return sentences


def policy_of(content: ApprovalContent) -> ApprovalPolicy:
    return content.request.organisation.approval_policies[content.gate.policy]


def item_of(content: ApprovalContent) -> CatalogItem | None:
    line = content.request.process.line(content.gate.line)
    return content.request.organisation.catalog.get(line.item)


def capacity_words(page: Page, content: ApprovalContent, capacity: str) -> str:
    """Why somebody is asked: manager, group, added, up the line, fallback."""
    kind, _, key = capacity.partition(":")
    return page.words.either(f"approvals.as_{kind}", kind).format(group=content.request.names.group(key))


def outlook_words(page: Page, content: ApprovalContent, decision: Decision) -> str:
    """What happens at once when the reader decides so."""
    request = content.request
    seen = outlook(request.process, request.organisation, content.gate, decision, page.now)
    if seen.follows is Follows.MORE_VOTES:
        more = "more_yes" if decision is Decision.APPROVED else "more_no"
        return page.words(f"approvals.follows_{more}", count=seen.votes)
    if seen.follows is Follows.STEPS and not seen.steps:
        return page.words("approvals.follows_goes_on")
    return page.words(f"approvals.follows_{seen.follows.value}", **_named(page, content, seen))


def differences(page: Page, content: ApprovalContent) -> list[Change]:
    """The fields that are not as the same stage decided on them, in the order of the form."""
    changed = set(content.view.changed)
    before, after = _fields(page, content, content.before), _fields(page, content, content.gate)
    form = _form(content)
    order = ["item", "quantity", "price", "requested_for", "effective_at"]
    order += [f"{VARIABLES}{key}" for key in form.fields]
    ranked = sorted(changed, key=lambda name: order.index(name) if name in order else len(order))
    known = content.before is not None and content.before.asked is not None
    return [
        Change(_label(page, form, name), *_values(page, name, before, after))
        if known and not is_confidential(form, name)
        else Change(_label(page, form, name), None, None)
        for name in ranked
    ]


def _values(page: Page, name: str, *sides: Mapping[str, str]) -> Iterator[str]:
    return (side.get(name) or page.words("approvals.nothing") for side in sides)


def _rule(page: Page, rule: Rule, people: int) -> str:
    if rule.any:
        return page.words("approvals.rule_any", count=people)
    if rule.all:
        return page.words("approvals.rule_all", count=people)
    share = (
        f" ({page.words('portal.percent', number=f'{rule.percent:g}')})" if rule.percent is not None else ""
    )
    return page.words("approvals.rule_some", needed=needed(rule, people), people=people, share=share)


def _named(page: Page, content: ApprovalContent, seen: Outlook) -> dict[str, str]:
    """The stages and steps by their labels, the date as it is written."""
    stages = policy_of(content).stages
    labels = [in_language(stages[key].label, page.language) for key in seen.stages]
    number = content.gate.line
    steps = [label_of(content.request, f"{number}/{key}", page.language) or key for key in seen.steps]
    at = page.formats.written(seen.at) if seen.at else ""
    return {"stages": ", ".join(labels), "steps": ", ".join(steps), "at": at}


def _form(content: ApprovalContent) -> Form:
    item = item_of(content)
    return item.form if item else Form()


def _label(page: Page, form: Form, name: str) -> str:
    field = form.fields.get(name.removeprefix(VARIABLES))
    if field is not None and name.startswith(VARIABLES):
        return in_language(field.label, page.language)
    return page.words.either(f"approvals.field_{name}", name.replace("_", " "))


def _fields(page: Page, content: ApprovalContent, gate: Gate | None) -> Mapping[str, str]:
    """What a gate was asked about, by the names that policies give to fields."""
    if gate is None or gate.asked is None:
        return {}
    line = content.request.process.line(gate.line)
    answers = content.answers if gate is content.gate else content.answers_before
    return dict(_material(page, content, gate, line)) | {
        f"{VARIABLES}{one.key}": one.words
        for one in answers_in_words(page, _form(content), answers, content.named)
    }


def _material(page: Page, content: ApprovalContent, gate: Gate, line: Line) -> Iterator[tuple[str, Any]]:
    asked = gate.asked
    assert asked is not None
    yield "quantity", page.formats.number(asked.quantity)
    yield "price", page.formats.money(asked.amount, line.currency)
    yield "requested_for", content.request.names.of(asked.requested_for).name
    if asked.effective_at is not None:
        yield "effective_at", page.formats.written(asked.effective_at)
