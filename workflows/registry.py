"""What the worker registers; apart from the package, so that a new instance loads its own process alone."""

from typing import Any

from workflows.delivery import WORKFLOWS as _DELIVERY_WORKFLOWS
from workflows.grant import GrantWorkflow
from workflows.request import RequestWorkflow
from workflows.routine import WORKFLOWS as _ROUTINE_WORKFLOWS

PROCESSES: list[type[Any]] = [RequestWorkflow, GrantWorkflow]
DELIVERIES: list[type[Any]] = [*_DELIVERY_WORKFLOWS, *_ROUTINE_WORKFLOWS]
