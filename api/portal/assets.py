"""Style sheet, script and icons: served under an address with the digest of their content, kept for a year."""

import hashlib
import re
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Depends, Response

from api.security import public
from steadydesk.errors import UnknownAddress

FOLDER = Path(__file__).parent / "static"
PATH = "/static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_DIGEST_LENGTH = 12

router = APIRouter(include_in_schema=False, dependencies=[Depends(public)])


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    """Content and digest of each file by its name."""
    return {
        path.name: (content, hashlib.sha256(content).hexdigest()[:_DIGEST_LENGTH])
        for path in sorted(FOLDER.iterdir())
        for content in [_served(path)]
    }


def _served(path: Path) -> bytes:
    """As it is; script and style sheet without their comments and the spaces that only people need."""
    if path.suffix == ".js":
        lines = map(str.strip, path.read_text(encoding="utf-8").splitlines())
        return "\n".join(line for line in lines if line and not line.startswith("//")).encode()
    if path.suffix != ".css":
        return path.read_bytes()
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    return re.sub(r" ?([{};,]) ?|(?<=:) ", r"\1", text).replace(";}", "}").strip().encode()


def address_of_asset(name: str) -> str:
    """Where the file is; another content has another address."""
    return f"{PATH}/{_files()[name][1]}/{name}"


@router.get(PATH + "/{digest}/{name}")
async def show_asset(digest: str, name: str) -> Response:
    content, present = _files().get(name, (b"", ""))
    if not content or digest != present:
        raise UnknownAddress("There is no such file.")
    return Response(
        content,
        media_type=_TYPES[Path(name).suffix],
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )
