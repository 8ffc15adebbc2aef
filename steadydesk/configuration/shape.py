"""What the models expect at a path of the configuration: for hints in problems and for the reference."""

import types
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from steadydesk.configuration.problem import Path
from steadydesk.contracts.organisation import Organisation


def model_at(path: Path, top: type[BaseModel] = Organisation) -> type[BaseModel] | None:
    """The model whose keys stand at ``path``; None where there is no model."""
    found = annotation_at(path, top)
    return next((part for part in _alternatives(found) if _is_model(part)), None)


def field_named(model: type[BaseModel], key: str) -> FieldInfo | None:
    """The field that YAML spells ``key``."""
    return next((info for name, info in model.model_fields.items() if key == (info.alias or name)), None)


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a model as YAML spells them."""
    return [info.alias or name for name, info in model.model_fields.items()]


def is_duration(path: Path) -> bool:
    """Whether a duration stands at ``path``."""
    return any(part is timedelta for part in _alternatives(annotation_at(path, Organisation)))


def annotation_at(path: Path, top: type[BaseModel]) -> object:
    """The annotation of the value at ``path``; None where nothing is expected."""
    found: object = top
    for part in path:
        found = next((inner for step in _alternatives(found) if (inner := _inside(step, part))), None)
    return found


def _inside(annotation: object, part: str | int) -> object:
    if _is_model(annotation):
        info = field_named(annotation, str(part))
        return None if info is None else info.annotation
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return arguments[1]
    return arguments[0] if get_origin(annotation) is list and isinstance(part, int) else None


def _alternatives(annotation: object) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _alternatives(part)
    else:
        yield annotation


def _is_model(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def is_localised(info: FieldInfo) -> bool:
    """Whether the field is a text in one or several languages."""
    parts = list(_alternatives(info.annotation))
    return str in parts and any(get_origin(part) is dict for part in parts)
