"""Approval policies as configuration: stages, who decides, by when, and what happens then."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from steadydesk.contracts.base import BusinessTime, Contract, Key
from steadydesk.contracts.language import Localised

RESUBMIT_WITHIN = timedelta(hours=80)
"""Business time; also for a line that was given back though no policy had asked for its approval."""


class OnExpiry(StrEnum):
    REJECT = "reject"
    ESCALATE = "escalate"
    """One level up the line, twice, to the policy's fallback group where nobody is above; then ``after_escalation``."""
    CANCEL = "cancel"
    APPROVE = "approve"


class OnRejection(StrEnum):
    CLOSE = "close"
    RETURN = "return"
    """To the requester, who changes and resubmits, or withdraws."""


class ApproverSource(Contract):
    """One source of approvers; exactly one field is given."""

    person: str | None = Field(default=None, description="A user name.")
    group: Key | None = None
    manager_of: Literal["requester", "requested_for"] | None = None
    field: str | None = Field(default=None, description="A form field of kind person or group.")
    owner_of: Literal["item", "service"] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = (self.person, self.group, self.manager_of, self.field, self.owner_of)
        if sum(source is not None for source in sources) != 1:
            raise ValueError("give exactly one of 'person', 'group', 'manager_of', 'field' or 'owner_of'")
        return self


class Rule(Contract):
    """When a stage is approved: ``any`` of the eligible, ``all``, ``count`` n or ``percent`` p of them."""

    any: bool = False
    all: bool = False
    count: int | None = Field(default=None, ge=1)
    percent: float | None = Field(default=None, gt=0, le=100)

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if sum([self.any, self.all, self.count is not None, self.percent is not None]) != 1:
            raise ValueError("give exactly one of 'any', 'all', 'count' or 'percent'")
        return self


class Stage(Contract):
    label: Localised
    approvers: list[ApproverSource] = Field(min_length=1)
    rule: Rule = Rule(any=True)
    when: str | None = Field(default=None, description="CEL over the order; false: not required.")
    due: BusinessTime = timedelta(hours=16)
    remind_at: list[int] = Field(default_factory=lambda: [50, 75], description="Percent of the due time.")
    on_expiry: OnExpiry | None = None
    after_escalation: Literal["reject", "cancel", "approve"] = "reject"
    may_delegate: bool = True
    ask_limit: BusinessTime = Field(
        default=timedelta(hours=40), description="How long one stage's clock may rest on questions in all."
    )


class ApprovalPolicy(Contract):
    label: Localised
    owner: Key = Field(description="The accountable group.")
    review_by: date
    calendar: Key
    mode: Literal["sequence", "parallel"] = "sequence"
    stages: dict[Key, Stage] = Field(min_length=1)
    material: list[str] = Field(
        default_factory=lambda: ["item", "quantity", "price", "requested_for", "effective_at", "variables"],
        description="Fields that the content hash covers; an edit of one voids the gates.",
    )
    exclude: list[Literal["requester", "requested_for"]] = Field(default_factory=lambda: ["requester"])
    fallback: Key = Field(description="The group that decides when nobody else can.")
    on_rejection: OnRejection = OnRejection.CLOSE
    resubmit_within: BusinessTime = Field(
        default=RESUBMIT_WITHIN,
        description="How long a returned line waits for its resubmission; then it is closed as refused.",
    )
    bulk_limit: FiniteFloat | None = Field(
        default=None,
        description="No bulk decision above this amount: neither one of its approvals, nor all of them together.",
    )
