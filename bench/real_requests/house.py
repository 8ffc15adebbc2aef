"""The demo organisation as the log's house had it: its expense item, the log's stages, and people for each role."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from steadydesk.configuration.install import DEMO
from steadydesk.configuration.loader import DIRECTORY_FILE

_HERE = Path(__file__).with_name("organisation")


def write_organisation(folder: Path) -> None:
    """A copy of the demo in ``folder``, changed where ``organisation/*.yaml`` say so."""
    shutil.copytree(DEMO, folder, dirs_exist_ok=True)
    additions = _read(_HERE / "expense.yaml")
    for file in sorted(folder.rglob("*.yaml")):
        content = _read(file)
        concerned = {
            section: {key: entry for key, entry in entries.items() if key in content[section]}
            for section, entries in additions.items()
            if section in content
        }
        if any(concerned.values()):
            _write(file, _merged(content, concerned))
    directory = folder / DIRECTORY_FILE
    _write(directory, _with_people(_read(directory), _read(_HERE / "people.yaml")))


class Cast:
    """The people made for the roles of the log, and who of them acts in which case."""

    def __init__(self) -> None:
        self._roles: dict[str, dict[str, Any]] = _read(_HERE / "people.yaml")["roles"]

    def of(self, case: int) -> dict[str, str]:
        """User names by role for the case with this number: another one each time, a requester with their manager."""
        places = {role: case % made["people"] for role, made in self._roles.items()}
        for role, made in self._roles.items():
            if manager := made.get("managed_by"):
                places[manager] = places[role] % self._roles[manager]["people"]
        return {role: _names(role, self._roles[role])[place] for role, place in places.items()}

    def role_of(self, user_name: str | None) -> str | None:
        """The role that a person was made for; None for people of the demo."""
        named = (role for role, made in self._roles.items() if user_name in _names(role, made))
        return next(named, None)


def _names(role: str, made: Mapping[str, Any]) -> list[str]:
    word = made.get("called", role.lower().replace(" ", "-").replace("_", "-"))
    return [f"{word}.{number}" for number in range(1, made["people"] + 1)]


def _with_people(directory: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    people = [
        person for role, entry in made["roles"].items() for person in _people(role, made["roles"], entry)
    ]
    return {"groups": directory["groups"] + made["groups"], "people": directory["people"] + people}


def _people(role: str, roles: Mapping[str, Any], made: Mapping[str, Any]) -> list[dict[str, Any]]:
    manager = made.get("managed_by")
    managers = _names(manager, roles[manager]) if manager else []
    people: list[dict[str, Any]] = []
    for index, name in enumerate(_names(role, made)):
        person: dict[str, Any] = {"user_name": name, "name": name.replace(".", " ").capitalize()}
        person["groups"] = made.get("groups", [])
        person["service_account"] = made.get("service_account", False)
        if managers:
            person["manager"] = managers[index % len(managers)]
        people.append(person)
    return people


def _merged(base: Any, changes: Any) -> Any:
    """``changes`` over ``base``, key by key; what they name comes first, so that they can put a stage before others."""
    if not isinstance(base, dict) or not isinstance(changes, dict):
        return changes
    named = {key: _merged(base[key], value) if key in base else value for key, value in changes.items()}
    return named | {key: value for key, value in base.items() if key not in changes}


def _read(file: Path) -> Any:
    return YAML(typ="safe").load(file)


def _write(file: Path, content: Any) -> None:
    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # pyright: ignore[reportAttributeAccessIssue]
    yaml.representer.ignore_aliases = lambda _: True
    yaml.dump(content, file)
