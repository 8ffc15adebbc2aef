"""`docs/workflows.md`: what operators meet in the Temporal UI: workflows, their commands, and activities."""

from collections.abc import Callable, Iterable
from typing import Any, get_type_hints

from docs.reference.application import staff
from docs.reference.markdown import code, first_sentence, one_line, page, table
from steadydesk.contracts.queues import CONNECTORS, DELIVERIES, PROCESSES
from steadydesk.contracts.search_attributes import SEARCH_ATTRIBUTES
from workflows import registry

_WORKFLOW, _ACTIVITY = "__temporal_workflow_definition", "__temporal_activity_definition"
_IDS = {
    "RequestWorkflow": "`REQ0000042`",
    "GrantWorkflow": "`GRA0000007`",
    "OutboxWorkflow": "`DLV-outbox`",
    "DeliveryWorkflow": "`DLV-mail`, `DLV-processes`, `DLV-webhook-<subscription>`",
    "OutboxSweepWorkflow": "`DLV-sweep`",
    "RoutineWorkflow": "`ROUTINE-<name>`",
}

INTRODUCTION = """\
What stands in the Temporal UI. The id of a process is the number that people say: search for `REQ0000042`.
Every update carries a signed assertion of who commands; one that is sent by hand from the UI or CLI is refused
([security](security.md)). What each button of the UI does to a record is in [operations](operations.md).

A *local* activity writes our own records inside the workflow task that asked for it; while the database is away the
same function appears as a pending regular activity. What leaves our database is always a *regular* activity."""


def workflows_page() -> str:
    people = staff()
    return page(
        "Workflows and activities",
        INTRODUCTION,
        "## Workflows",
        *(_workflow(each, PROCESSES) for each in registry.PROCESSES),
        *(_workflow(each, DELIVERIES) for each in registry.DELIVERIES),
        "## Activities",
        _activities(PROCESSES, "local, else regular", people.records()),
        _activities(CONNECTORS, "regular", people.connectors()),
        _activities(DELIVERIES, "regular, or local for short writes", people.deliveries()),
        "## Routines",
        "One workflow each, started with the first worker; they rest between rounds and never end.",
        table(
            ("id", "every", "activities"),
            (
                (
                    code(f"ROUTINE-{each.name}"),
                    f"{each.every_seconds:g} s",
                    ", ".join(map(code, each.activities)),
                )
                for each in people.routines
            ),
        ),
        "## Search attributes",
        "Filters of the Temporal UI, such as `ItsmGroup = 'service-desk' AND ItsmWaitingFor = 'approval'`."
        " None is personal.",
        table(("name", "type"), ((code(name), kind) for name, kind in SEARCH_ATTRIBUTES.items())),
    )


def definition_of(workflow: type[Any]) -> Any:
    """What ``@workflow.defn`` noted: name, updates, signals, with their descriptions."""
    return getattr(workflow, _WORKFLOW)


def name_of(activity: Callable[..., Any]) -> str:
    return getattr(activity, _ACTIVITY).name


def _workflow(workflow: type[Any], queue: str) -> str:
    definition = definition_of(workflow)
    commands = [
        (code(name), kind, one_line(each.description))
        for kind, found in (("update", definition.updates), ("signal", definition.signals))
        for name, each in found.items()
    ]
    facts = f"{one_line(workflow.__doc__)} Id: {_IDS[definition.name]}; queue {code(queue)}."
    return "\n\n".join(
        filter(None, [f"### {definition.name}", facts, table(("command", "kind", "what"), commands)])
    )


def _activities(queue: str, how: str, found: Iterable[Callable[..., Any]]) -> str:
    rows = ((code(name_of(each)), first_sentence(each.__doc__) or _command(each)) for each in found)
    return f"### `{queue}` ({how})\n\n" + table(("activity", "what it does"), rows)


def _command(activity: Callable[..., Any]) -> str:
    """What the name of its argument says of a write: ``Write[Cancel]`` writes the command ``Cancel``."""
    argument = next(iter(get_type_hints(activity).values()))
    return f"Write the command {code(argument.__name__.removeprefix('Write[').removesuffix(']'))}."
