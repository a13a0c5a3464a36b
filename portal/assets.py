"""Static files under content-hash addresses: read and compressed once at start, cached by browsers for a year.

A file's address changes with its content, so a new release is never shown with an old style sheet.
"""

import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STATIC = Path(__file__).parent / "static"
_SERVED = frozenset({".css", ".js", ".svg", ".png", ".ico", ".webmanifest"})
_FOR_A_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file, ready to be sent. `packed` is empty where gzip gains nothing."""

    address: str
    media_type: str
    plain: bytes
    packed: bytes


class Assets:
    """The static files, by name (`css/app.css`) and by address (`/static/1f…/css/app.css`)."""

    def __init__(self, directory: Path = STATIC) -> None:
        self._by_name: Mapping[str, Asset] = {
            path.relative_to(directory).as_posix(): _load(path, path.relative_to(directory).as_posix())
            for path in sorted(directory.rglob("*"))
            if path.suffix in _SERVED
        }
        self._by_address = {asset.address: asset for asset in self._by_name.values()}

    def address(self, name: str) -> str:
        """Return the address of a file; an unknown name is a fault of the template and raises KeyError."""
        return self._by_name[name].address

    def route(self) -> Route:
        """Return the route that serves all of them."""
        return Route("/static/{rest:path}", self._serve, methods=["GET"], name="static")

    async def _serve(self, request: Request) -> Response:
        asset = self._by_address.get(request.url.path)
        if asset is None:
            raise HTTPException(404)
        headers = {"cache-control": _FOR_A_YEAR, "vary": "Accept-Encoding"}
        if asset.packed and "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            return Response(asset.packed, media_type=asset.media_type, headers=headers)
        return Response(asset.plain, media_type=asset.media_type, headers=headers)


def _load(path: Path, name: str) -> Asset:
    plain = path.read_bytes()
    packed = gzip.compress(plain, 9, mtime=0)
    return Asset(
        address=f"/static/{sha256(plain).hexdigest()[:12]}/{name}",
        media_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
        plain=plain,
        packed=packed if len(packed) < len(plain) * 0.9 else b"",
    )
