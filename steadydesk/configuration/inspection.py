"""What rules look at: the organisation, the directory as far as it is known, and facts of connectors."""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from pydantic import BaseModel, ValidationError

from steadydesk.configuration.explain import said_of_value
from steadydesk.configuration.problem import Path
from steadydesk.connectors.errors import BadConfiguration
from steadydesk.connectors.protocol import Connector, OperationFacts
from steadydesk.connectors.registry import ConnectorRegistry, Surroundings, load_registry
from steadydesk.contracts.approval_policy import ApprovalPolicy, Stage
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.directory import Role
from steadydesk.contracts.directory_document import GroupEntry, PersonEntry
from steadydesk.contracts.organisation import Organisation
from steadydesk.contracts.plan import ConnectorCallDefinition, Step, StepKind
from steadydesk.egress.guard import EgressGuard


@dataclass(frozen=True, slots=True)
class KnownDirectory:
    """User names. ``members`` are those of each active group who may decide: active natural persons, each once.
    ``owned`` are the functions with an active process owner, ``services`` the accounts among ``people`` that are no
    person's and so never decide, ``left`` the people who are not active any more.
    """

    people: frozenset[str]
    members: Mapping[str, frozenset[str]]
    owned: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()

    @classmethod
    def of(cls, people: Iterable[PersonEntry], groups: Iterable[GroupEntry]) -> "KnownDirectory":
        everybody = list(people)
        active = [person for person in everybody if person.active]
        left = frozenset(person.user_name for person in everybody if not person.active)
        voters = [person for person in active if not person.service_account]
        members = {
            group.key: frozenset(_natural(person) for person in voters if group.key in (person.groups or []))
            for group in groups
            if group.active
        }
        owned = {
            holding.function
            for person in voters
            for holding in person.roles or []
            if holding.role is Role.PROCESS_OWNER
        }
        services = frozenset(person.user_name for person in active if person.service_account)
        known = frozenset(person.user_name for person in active)
        return cls(known, members, frozenset(owned), services, left)


def _natural(person: PersonEntry) -> str:
    return person.same_person_as or person.user_name


@dataclass(frozen=True)
class Inspection:
    organisation: Organisation
    today: date
    directory: KnownDirectory | None = None
    registry: ConnectorRegistry = field(default_factory=load_registry)
    unread: frozenset[Path] = frozenset()
    """What the files hold and ``organisation`` does not, because it could not be read."""

    def items(self) -> Iterator[tuple[Path, CatalogItem]]:
        for key, item in self.organisation.catalog.items():
            yield ("catalog", key), item

    def steps(self) -> Iterator[tuple[Path, CatalogItem, Step]]:
        for path, item in self.items():
            for key, step in item.plan.steps.items():
                yield (*path, "plan", "steps", key), item, step

    def stages(self) -> Iterator[tuple[Path, ApprovalPolicy, Stage]]:
        for key, policy in self.organisation.approval_policies.items():
            for stage_key, stage in policy.stages.items():
                yield ("approval_policies", key, "stages", stage_key), policy, stage

    def items_under(self, policy: str) -> list[tuple[str, CatalogItem]]:
        """The items, with their keys, whose order or plan asks this policy."""
        return [
            (key, item)
            for key, item in self.organisation.catalog.items()
            if item.approval == policy
            or any(
                step.kind is StepKind.APPROVAL and step.policy == policy for step in item.plan.steps.values()
            )
        ]

    def calls(self) -> Iterator[tuple[Path, CatalogItem, Step, ConnectorCallDefinition]]:
        """Every call of a connector, those of undoings too."""
        for path, item, step in self.steps():
            if step.call is not None:
                yield (*path, "call"), item, step, step.call
            if step.undo is not None and step.undo.call is not None:
                yield (*path, "undo", "call"), item, step, step.undo.call

    def config_faults(self, key: str) -> Iterator[tuple[Path, str]]:
        """What is wrong with the ``config`` of a connector whose kind is installed, and where in it."""
        definition = self.organisation.connectors[key]
        try:
            self.registry.kinds[definition.kind].configuration.model_validate(definition.config)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
            held = {fault["loc"][:length] for fault in faults for length in range(len(fault["loc"]))}
            for fault in faults:
                # A list is not too short for what is wrong in it.
                if fault["type"] != "too_short" or fault["loc"] not in held:
                    yield fault["loc"], said_of_value(fault["type"], (), fault)

    def connector_configurations(self) -> Iterator[tuple[Path, BaseModel]]:
        """What each usable connector's kind reads from its ``config``."""
        for key, definition in self.organisation.connectors.items():
            if self.connector_is_usable(key):
                kind = self.registry.kinds[definition.kind]
                yield ("connectors", key, "config"), kind.configuration.model_validate(definition.config)

    def facts(self, call: ConnectorCallDefinition) -> OperationFacts | None:
        """What the connector says of the operation; None when either does not exist."""
        connector = self._connectors.get(call.connector)
        try:
            return None if connector is None else connector.facts(call.operation)
        except BadConfiguration:
            return None

    def is_by_person(self, step: Step) -> bool:
        """Whether a person carries it out: a manual step, or one whose connector gives it to a person."""
        facts = self.facts(step.call) if step.kind is StepKind.CONNECTOR and step.call is not None else None
        return step.kind is StepKind.MANUAL or (facts is not None and facts.by_person)

    def connector_is_usable(self, key: str) -> bool:
        return key in self._connectors

    @cached_property
    def _connectors(self) -> dict[str, Connector]:
        """Built, but not connected: nothing is sent while a configuration is checked."""
        # Loading trusted certificates takes longer than all rules together, and nothing connects here.
        blank = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        surroundings = Surroundings(EgressGuard(), tls=blank, mail_tls=blank)
        return {
            key: self.registry.build(definition.kind, definition.config, surroundings)
            for key, definition in self.organisation.connectors.items()
            if definition.kind in self.registry.kinds and not any(self.config_faults(key))
        }
