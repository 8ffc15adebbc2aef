"""People who join, for the tests of work and people operations: their orders, approved, and the tasks of them."""

from datetime import UTC, datetime
from typing import Any

from tests.support.api_desk import ApiDesk

NEXT_YEAR = f"{datetime.now(UTC).year + 1}-03-01"
FILE, PAYROLL = "Personalakte anlegen", "In die Lohnabrechnung aufnehmen"


async def joined(portal: ApiDesk, name: str, **more: Any) -> str:
    """A joiner of this name, approved, with the task of the HR desk open."""
    answers = {"person": {"name": name}, "first_day": NEXT_YEAR, "supervisor": "mona.manager", "place": "home",
               "laptop": "none", "tax_number": "12/345/67890"} | more  # fmt: skip
    ordered = await portal.order("hanna.hr", "joiner", **answers)
    number = ordered["number"]
    while gates := [
        gate
        for gate in (await portal.get("hanna.hr", f"/requests/{number}"))["approvals"]
        if gate["state"] == "requested"
    ]:
        for asked in gates[0]["approvers"]:
            who = asked["person"]["user_name"]
            sent = await portal.call(
                who, "POST", f"/approvals/{gates[0]['id']}/decision", {"decision": "approved"}
            )
            if sent.status_code == 200:
                break
    return number


async def task_of(portal: ApiDesk, number: str, label: str) -> dict[str, Any]:
    tasks = (await portal.get("hanna.hr", f"/requests/{number}"))["tasks"]
    return next(task for task in tasks if task["short_description"] == label)
