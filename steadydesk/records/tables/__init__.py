"""Every table of Steadydesk, one group per file; importing this package completes the metadata."""

from steadydesk.records.tables import (
    access,
    approval,
    configuration,
    delivery,
    directory,
    effect,
    grant,
    identity,
    journal,
    link,
    process,
    task,
    text,
    voice,
)
from steadydesk.records.tables.base import metadata

__all__ = [
    "access",
    "approval",
    "configuration",
    "delivery",
    "directory",
    "effect",
    "grant",
    "identity",
    "journal",
    "link",
    "metadata",
    "process",
    "task",
    "text",
    "voice",
]
