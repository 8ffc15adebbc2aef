"""The sandbox that tests run workflows in: code that would replay differently fails in it."""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

SANDBOX = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules(
        "steadydesk", "activities", "structlog", "sqlalchemy", "pydantic", "pydantic_core", "asyncpg"
    )
)
