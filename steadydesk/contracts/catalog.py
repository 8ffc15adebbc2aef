"""The service catalogue as configuration: what can be ordered, by whom, and what is promised."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Self

from pydantic import Field, FiniteFloat, model_validator

from steadydesk.contracts.base import BusinessTime, Contract, Key
from steadydesk.contracts.form import Form
from steadydesk.contracts.language import Localised
from steadydesk.contracts.money import finer_than
from steadydesk.contracts.plan import Plan


class Lifecycle(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class PeopleOperation(StrEnum):
    """What an item does to somebody's employment; its lines are listed together, by effective date."""

    JOINER = "joiner"
    MOVER = "mover"
    LEAVER = "leaver"


class Entitlement(Contract):
    """Who sees an item and may order it; empty lists mean everybody."""

    groups: list[Key] = Field(default_factory=list)
    for_others: list[Key] | bool = Field(
        default=True,
        description="Groups whose members may order for other people; true: everybody; false: nobody.",
    )
    rule: str | None = Field(default=None, description="CEL over requester and requested_for.")


class PreApproval(Contract):
    """Who answers for an item that needs no approval, and until when that holds."""

    by: Key
    until: date = Field(
        description="The last day, where the item's calendar is. After it no order is taken, and a line that begins "
        "then is closed as refused, unless the version in force has renewed it."
    )


class Price(Contract):
    amount: FiniteFloat = Field(ge=0)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    variable: str | None = Field(
        default=None,
        description="A number field that holds the amount instead, with no more decimals than the currency has.",
    )

    @model_validator(mode="after")
    def _can_be_paid(self) -> Self:
        if (problem := finer_than(self.currency, self.amount)) is not None:
            raise ValueError(f"'amount' {problem}")
        return self


class Survey(Contract):
    question: Localised
    reopen_window: BusinessTime


class CatalogItem(Contract):
    name: Localised
    description: Localised
    category: str
    function: Key
    owner: Key = Field(description="The accountable group.")
    review_by: date
    fulfilment_group: Key
    service: Key | None = None
    model: Key = "request"
    lifecycle: Lifecycle = Lifecycle.PUBLISHED
    price: Price = Price(amount=0, currency="EUR")
    calendar: Key
    promise: BusinessTime = Field(gt=timedelta(0))
    approval: Key | None = None
    pre_approved: PreApproval | None = None
    entitlement: Entitlement = Entitlement()
    form: Form = Form()
    plan: Plan = Plan()
    effective_at: str | None = Field(
        default=None, description="The date field that says when it shall be so."
    )
    beneficiary: str | None = Field(
        default=None, description="A person field that overrides 'requested for'."
    )
    silent_until_effective: bool = Field(
        default=False, description="Nothing reaches the requested-for person before the effective date."
    )
    people_operation: PeopleOperation | None = Field(
        default=None,
        description="Somebody joins, moves or leaves by it: its lines appear among the people operations. "
        "Needs 'effective_at' and 'beneficiary'.",
    )
    max_quantity: int = Field(default=1, ge=1, le=100)
    survey: Survey | None = None
    example: dict[str, Any] = Field(default_factory=dict, description="Variables that satisfy the form.")
