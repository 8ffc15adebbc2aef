"""Bodies by the types that JSON has: a text is no number, a number no boolean. Forms and command lines, which have
nothing but text, convert it before; the contracts are the same.
"""

from functools import cache
from json import JSONDecodeError
from typing import Any

from fastapi import Request, params
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from api.json_body import parsed
from api.media_type import is_json


async def refuse_other_types(request: Request) -> None:
    """RequestValidationError with the place of each value that only a conversion would make what the contract asks for.

    Also of what stands twice or cannot be read. What would be refused after a conversion as well, no JSON, or no body
    at all, the route itself says, together with what is wrong elsewhere in the request.
    """
    if not is_json(request) or not await request.body():
        return
    contract = body_contract(request.scope["route"].dependant)
    if contract is None:
        return
    try:
        # Not the bytes: what Starlette reads as JSON in other encodings than UTF-8 is no JSON to pydantic.
        sent = to_json(parsed(await request.body()))
    except JSONDecodeError:
        return
    faults = [fault for fault in _faults(contract, sent, strict=True) if not _is_whole(fault)]
    if not faults:
        return
    converted = {fault["loc"] for fault in _faults(contract, sent, strict=False)}
    if any(fault["loc"] not in converted for fault in faults):
        raise RequestValidationError(faults)


def _faults(contract: Any, sent: bytes, *, strict: bool) -> list[dict[str, Any]]:
    try:
        _adapter(contract).validate_json(sent, strict=strict)
    except ValidationError as error:
        return [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors(include_url=False)]
    return []


def _is_whole(fault: dict[str, Any]) -> bool:
    """JSON has one kind of number: to JSON Schema, and so to what the API publishes, 1.0 is an integer."""
    value = fault["input"]
    return fault["type"] == "int_type" and isinstance(value, float) and value.is_integer()


def body_contract(dependant: Dependant) -> Any:
    """The type of the route's JSON body; None where it takes none, or a form."""
    asked = [field for field in dependant.body_params if not isinstance(field.field_info, params.Form)]
    return asked[0].field_info.annotation if asked else None


@cache
def _adapter(contract: Any) -> TypeAdapter[Any]:
    return TypeAdapter(contract)
