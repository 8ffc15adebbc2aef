"""Everything that can be used is registered where it is run, and documented."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import activities
import api.routes
import steadydesk.cli
import workflows
from api.routes import PAGES, ROUTERS
from docs.reference.api import routes
from docs.reference.application import staff
from docs.reference.cli import commands
from docs.reference.workflows import definition_of, name_of
from steadydesk import errors
from steadydesk.cli import GROUPS
from steadydesk.contracts.events import EVENT_TYPES
from steadydesk.contracts.search_attributes import SEARCH_ATTRIBUTES
from steadydesk.errors import all_refusals
from steadydesk.settings import Settings, variable_of
from tests.docs.pages import text_of
from tests.support.stacks import REPOSITORY
from workflows.registry import DELIVERIES, PROCESSES

WORKFLOW, ACTIVITY = "__temporal_workflow_definition", "__temporal_activity_definition"


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        yield importlib.import_module(found.name)


def classes(package: ModuleType) -> Iterator[type[Any]]:
    """Each class once, where it was defined."""
    for module in modules(package):
        for value in vars(module).values():
            if inspect.isclass(value) and value.__module__ == module.__name__:
                yield value


def written_activities() -> Iterator[Callable[..., Any]]:
    for each in classes(activities):
        yield from (value for value in vars(each).values() if hasattr(value, ACTIVITY))


def test_every_workflow_is_registered_and_documented() -> None:
    written = {each for each in classes(workflows) if WORKFLOW in vars(each)}
    assert len(written) > 3
    assert written == {*PROCESSES, *DELIVERIES}
    page = text_of("workflows.md")
    for each in written:
        definition = definition_of(each)
        assert f"### {definition.name}\n" in page
        for command in (*definition.updates, *definition.signals):
            assert f"| `{command}` | " in page


def test_every_activity_is_registered_once_and_documented() -> None:
    people = staff()
    registered = [name_of(each) for each in (*people.records(), *people.connectors(), *people.deliveries())]
    written = [name_of(each) for each in written_activities()]
    assert len(written) > 20
    assert sorted(registered) == sorted(written)
    page = text_of("workflows.md")
    assert [name for name in written if f"| `{name}` | " not in page] == []


def test_every_command_has_a_description_for_operators() -> None:
    for each in (*PROCESSES, *DELIVERIES):
        definition = definition_of(each)
        for command in (*definition.updates.values(), *definition.signals.values()):
            assert command.description, f"{definition.name}.{command.name}"


def test_every_router_is_included() -> None:
    written = {
        id(module.router): module.__name__ for module in modules(api.routes) if hasattr(module, "router")
    }
    included = {id(router) for router in (*ROUTERS, *PAGES)}
    assert [name for identity, name in written.items() if identity not in included] == []


def test_every_route_is_documented() -> None:
    page = text_of("api.md")
    names = [" ".join(route) for route in routes()]
    assert len(names) > 50
    assert [name for name in names if f"### `{name}`" not in page and f"| `{name}` | " not in page] == []


def test_every_group_of_commands_is_listed() -> None:
    written = {module for module in modules(steadydesk.cli) if hasattr(module, "register")}
    assert written == set(GROUPS)


def test_every_command_of_the_command_line_is_documented() -> None:
    page = text_of("cli.md")
    found = dict(commands())
    assert len(found) > 20
    assert [name for name in found if f"## `{name}`" not in page] == []
    assert [name for name, command in found.items() if not command.help] == []


def test_every_option_says_what_it_does() -> None:
    silent = [
        f"{name} {parameter.name}"
        for name, command in commands()
        for parameter in command.params
        if not parameter.help and not parameter.hidden
    ]
    assert silent == []


def test_every_setting_is_documented() -> None:
    page = text_of("settings.md")
    assert [name for name in Settings.model_fields if f"| `{variable_of(name)}` | " not in page] == []


def test_every_event_type_is_documented() -> None:
    page = text_of("events.md")
    assert [key for key in EVENT_TYPES if f"| `{key}` | " not in page] == []


def test_every_event_that_the_code_tells_is_in_the_catalogue() -> None:
    told = {
        call.args[0].value
        for path in (REPOSITORY / "activities").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "tell"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    assert len(told) > 10
    assert told - set(EVENT_TYPES) == set()


def test_every_refusal_is_documented_and_drawn() -> None:
    page, tree = text_of("api.md"), errors.__doc__ or ""
    for refusal in all_refusals():
        assert f"| `/problems/{refusal.slug()}` | {refusal.status} | " in page
        assert refusal.type in tree


def test_every_search_attribute_is_documented() -> None:
    page = text_of("workflows.md")
    assert [name for name in SEARCH_ATTRIBUTES if f"| `{name}` | " not in page] == []
