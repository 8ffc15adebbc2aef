"""What the pages for operators share: their tabs, links to the Temporal UI, and how a number is shown."""

from typing import Any

from fastapi.responses import HTMLResponse

from api.portal.forms import FormState
from api.portal.page import Page
from steadydesk.policies.rights import Permission
from steadydesk.records.views.records import COUNT_CAP

ROOT = "/operations"
_TABS = (
    ("running", ROOT),
    ("stuck", f"{ROOT}/stuck"),
    ("deliveries", f"{ROOT}/deliveries"),
    ("breakers", f"{ROOT}/breakers"),
    ("security", f"{ROOT}/security"),
    ("audit", f"{ROOT}/audit"),
)
CONFIGURATION = f"{ROOT}/configuration"


async def show_operations(
    page: Page, template: str, here: str, *, failed: FormState | None = None, **context: Any
) -> HTMLResponse:
    """``here`` is the address of the tab that the page belongs to."""
    return await page.show(
        f"operations/{template}",
        failed=failed,
        tabs=_tabs(page),
        here=here,
        most_counted=COUNT_CAP,
        workflow=page.services.settings.workflow_link,
        **context,
    )


def _tabs(page: Page) -> list[tuple[str, str]]:
    tabs = list(_TABS) if page.caller.may(Permission.OPERATE) else []
    if page.caller.may(Permission.READ_CONFIGURATION):
        tabs.append(("configuration", CONFIGURATION))
    return [(address, page.words(f"operations.tab_{name}")) for name, address in tabs]
