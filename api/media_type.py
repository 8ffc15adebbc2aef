"""Bodies of another media type than a route reads: refused as that, not as JSON with a fault in it."""

from email.message import Message

from fastapi import Request, params

from steadydesk.errors import UnsupportedMediaType


def is_json(request: Request) -> bool:
    """As FastAPI sees it: ``application/json``, or another type that is written as JSON."""
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    subtype = header.get_content_subtype()
    return header.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))


async def refuse_other_media_types(request: Request) -> None:
    """UnsupportedMediaType for a body that is no JSON, of routes that read nothing else."""
    asked = request.scope["route"].dependant.body_params
    if not asked or any(isinstance(field.field_info, params.Form) for field in asked) or is_json(request):
        return
    if "content-type" in request.headers or await request.body():
        raise UnsupportedMediaType("send the body as JSON, with 'Content-Type: application/json'")
