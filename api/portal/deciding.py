"""At which approvals of a request the reader may decide, for themselves or for somebody whom they stand for."""

from api.portal.page import Page
from steadydesk.contracts.approval_policy import ApprovalPolicy
from steadydesk.contracts.gate import ApproverState, Gate
from steadydesk.contracts.views import ApprovalView
from steadydesk.records.views.request_page import RequestContent


def decidable(page: Page, request: RequestContent) -> set[str]:
    """Ids of the gates that wait for them; never those of what they asked for themselves."""
    return {each.id for each in request.view.approvals if _may_decide(page, request, each)}


def askers(request: RequestContent, gate: Gate, policy: ApprovalPolicy) -> set[str]:
    """Whose own request it is, as the policy sees it."""
    whose = {request.process.opened_by}
    if "requested_for" in policy.exclude:
        whose.add(request.process.line(gate.line).requested_for)
    return whose


def _may_decide(page: Page, request: RequestContent, approval: ApprovalView) -> bool:
    gate, me = request.process.gates[approval.id], page.caller.person
    policy = request.organisation.approval_policies[gate.policy]
    if not gate.is_open or askers(request, gate, policy) & {me.id, me.natural}:
        return False
    deciders = {me.id}
    if policy.stages[gate.stage].may_delegate:
        deciders |= {
            one.delegator
            for one in page.caller.standing.stands_for
            if one.policies is None or gate.policy in one.policies
        }
    asked = (one for one in approval.approvers if one.state == ApproverState.REQUESTED)
    return any(one.person.id in deciders for one in asked)
