"""The organisation as code: everything that one configuration version holds."""

from datetime import date, time
from typing import Any, Literal

from pydantic import Field

from steadydesk.contracts.approval_policy import ApprovalPolicy
from steadydesk.contracts.base import Contract, Key
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.language import Languages, Localised
from steadydesk.contracts.process_model import ProcessModel

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Function(Contract):
    """A part of the organisation that offers services: IT, HR, facilities, finance.

    Who owns its processes the directory says: the people with the role ``process_owner@<function>``.
    """

    label: Localised
    owner: Key
    review_by: date


class Service(Contract):
    label: Localised
    function: Key
    owner: Key
    review_by: date
    support_group: Key


class OpeningHours(Contract):
    begin: time
    end: time | Literal["24:00"]


class CalendarDefinition(Contract):
    """Opening hours in a zone; ``holidays`` names a country whose holidays are resolved when applied."""

    label: Localised
    owner: Key
    review_by: date
    zone: str
    week: dict[Weekday, list[OpeningHours]]
    country: str | None = Field(default=None, description="ISO 3166 code, as the holidays library knows it.")
    subdivision: str | None = None
    closed_on: list[date] = Field(default_factory=list[date])


class ConnectorDefinition(Contract):
    """One outside system: ``kind`` names the connector, whose own model checks ``config``."""

    kind: str
    label: Localised
    owner: Key
    review_by: date
    functions: list[Key] = Field(default_factory=list, description="Functions that may use it; empty: all.")
    config: dict[str, Any] = Field(default_factory=dict)


class SecretDefinition(Contract):
    """A reference to a secret, and who may use it; the secret itself never stands in configuration."""

    owner: Key
    review_by: date
    source: str = Field(pattern=r"^(env:[A-Z][A-Z0-9_]*|file:.+)$")
    connectors: list[Key]
    hosts: list[str]
    functions: list[Key]


class MessageTemplate(Contract):
    """A notification: Jinja over the fields that its event type allows."""

    subject: Localised
    text: Localised


class Settings(Contract):
    """Choices of the organisation that belong to no single entry."""

    name: Localised
    languages: Languages = Field(default_factory=lambda: ["en"])
    zone: str = "UTC"
    second_person_applies: bool = Field(
        default=False,
        description="A configuration version takes effect only when a second person approves it.",
    )
    survey_percent: int = Field(
        default=100,
        ge=0,
        le=100,
        description="Share of fulfilled requests whose requester is asked for a score.",
    )
    survey_every_days: int = Field(
        default=30, ge=0, le=36_500, description="Days in which nobody is asked for a second score."
    )
    complaints_group: Key
    suggestions_group: Key
    leavers_group: Key = Field(
        description="Who takes over what a person who left owned or owed, beside the manager."
    )


class Organisation(Contract):
    organisation: Settings
    functions: dict[Key, Function] = Field(default_factory=dict)
    services: dict[Key, Service] = Field(default_factory=dict)
    calendars: dict[Key, CalendarDefinition] = Field(default_factory=dict)
    approval_policies: dict[Key, ApprovalPolicy] = Field(default_factory=dict)
    process_models: dict[Key, ProcessModel] = Field(default_factory=dict)
    connectors: dict[Key, ConnectorDefinition] = Field(default_factory=dict)
    secrets: dict[Key, SecretDefinition] = Field(default_factory=dict)
    templates: dict[str, MessageTemplate] = Field(default_factory=dict)
    catalog: dict[Key, CatalogItem] = Field(default_factory=dict)
