"""The routes of the API, one file per process or noun."""

from fastapi import APIRouter

from api import docs_page, metrics
from api.routes import (
    approvals,
    attachments,
    break_glass,
    catalog,
    configuration,
    delegations,
    deliveries,
    events,
    extensions,
    feedback,
    grants,
    groups,
    notifications,
    people,
    problems,
    records,
    request_actions,
    requests,
    session,
    subscriptions,
    tasks,
    tokens,
)

ROUTERS: list[APIRouter] = [
    requests.router,
    approvals.router,
    tasks.router,
    records.router,
    catalog.router,
    request_actions.router,
    extensions.router,
    attachments.router,
    events.router,
    feedback.router,
    break_glass.router,
    configuration.router,
    grants.router,
    people.router,
    groups.router,
    delegations.router,
    notifications.router,
    subscriptions.router,
    deliveries.router,
    tokens.router,
    session.router,
]
"""What stands under the API's prefix; what is asked most comes first, for each is asked in turn."""

PAGES: list[APIRouter] = [problems.router, metrics.router, docs_page.router]
"""What stands at the top: pages that people open."""
