"""Who answers for which entry of the configuration. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from steadydesk.contracts.organisation import Organisation

OWNED: Final = (
    "functions",
    "services",
    "calendars",
    "approval_policies",
    "process_models",
    "connectors",
    "secrets",
    "catalog",
)
"""The sections whose entries have an accountable owner: a group."""


class Owned(Protocol):
    owner: str


def owners(organisation: Organisation) -> Iterator[tuple[str, str]]:
    """Each entry, as ``catalog.vpn-access``, with the group that answers for it."""
    for section in OWNED:
        entries: Mapping[str, Owned] = getattr(organisation, section)
        for key, entry in entries.items():
            yield f"{section}.{key}", entry.owner


def stages_naming(organisation: Organisation) -> Iterator[tuple[str, str]]:
    """Each stage that asks a person by name, as ``approval_policies.budget.stages.director``, with the user name."""
    for key, policy in organisation.approval_policies.items():
        for stage_key, stage in policy.stages.items():
            for source in stage.approvers:
                if source.person is not None:
                    yield f"approval_policies.{key}.stages.{stage_key}", source.person
