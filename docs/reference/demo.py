"""`docs/demo.md`: the demo organisation: who is in it, what can be ordered, and an order that works for each item."""

import json
from datetime import date
from typing import Any

from docs.reference.markdown import code, one_line, page, table
from steadydesk.configuration.directory_file import read_directory
from steadydesk.configuration.install import DEMO
from steadydesk.configuration.loader import DIRECTORY_FILE, load
from steadydesk.contracts.catalog import CatalogItem
from steadydesk.contracts.language import in_language
from steadydesk.contracts.organisation import Organisation

INTRODUCTION = """\
A small company in Berlin and New York, loaded at the first start. Tokens are in the table that `make run` prints and in
`credentials.json` of the state folder. The files are [the configuration](../steadydesk/configuration/demo/), to copy
from.

On `steadydesk up`, and so on `make run`, a stand-in answers for the directory, the private cloud, the door system and
the monitoring, as one more part beside the worker: its page, at the address that the start prints as *Demo systems*,
shows what these systems hold and what they were asked, and `demo-systems.jsonl` in the state folder keeps it. It
answers a repeat of an `Idempotency-Key` as before and does it no second time; the cloud wants its token, the
monitoring its signature, both drawn at each start unless the environment has them. It listens on loopback at
`STEADYDESK_DEMO_PORT`, never without the demo and never with `STEADYDESK_DATABASE_URL`; the worker of the demo may
reach it without an entry in `STEADYDESK_EGRESS_ALLOW`. There is no mail server: the announcement of a mailing list
fails, and its plan leaves it out. To see a step fail and a person decide, order access to the design archive: its
directory lets nobody in."""


def demo_page() -> str:
    loaded = load(DEMO)
    directory, problems = read_directory(DEMO / DIRECTORY_FILE)
    assert loaded.organisation is not None, loaded.problems
    assert directory is not None, problems
    organisation = loaded.organisation
    people = (
        (code(person.user_name), person.name, person.manager or "", ", ".join(person.groups or ()))
        for person in directory.people
    )
    return page(
        "The demo organisation",
        INTRODUCTION,
        "## People",
        table(("user name", "name", "manager", "groups"), people),
        "## Catalogue",
        *(_item(organisation, key, item) for key, item in organisation.catalog.items()),
    )


def _item(organisation: Organisation, key: str, item: CatalogItem) -> str:
    body = {"items": [{"item": key, "variables": _plain(item.example)}]}
    steps = table(
        ("step", "kind", "after", "what"),
        (
            (code(name), step.kind.value, ", ".join(map(code, step.needs)), in_language(step.label))
            for name, step in item.plan.steps.items()
        ),
    )
    order = f"```json\n{json.dumps(body, indent=2, ensure_ascii=False)}\n```"
    facts = f"{one_line(in_language(item.description))} {_approval(organisation, item)}"
    return "\n\n".join(
        [f"### {in_language(item.name)} (`{key}`)", facts, steps, "`POST /api/v1/requests`", order]
    )


def _approval(organisation: Organisation, item: CatalogItem) -> str:
    if item.approval is None:
        return f"Approved in advance by `{item.pre_approved.by}`." if item.pre_approved else ""
    policy = organisation.approval_policies[item.approval]
    labels = ", ".join(
        in_language(stage.label) + (" (when it applies)" if stage.when else "")
        for stage in policy.stages.values()
    )
    return f"Approval `{item.approval}`, in {policy.mode}: {labels}."


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in values.items()}
