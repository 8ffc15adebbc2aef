"""Task queues: processes apart from outside effects, so that a slow target never delays a decision."""

PROCESSES = "steadydesk-processes"
"""Workflows and their record writes."""

CONNECTORS = "steadydesk-connectors"
"""Regular activities that leave our database."""

DELIVERIES = "steadydesk-deliveries"
"""Delivery workflows (mail, webhooks) and their activities."""
