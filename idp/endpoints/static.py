"""The provider's own style sheet and script, under names that change with their content."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

_FOLDER: Final = Path(__file__).parent.parent / "static"
_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    hashed_name: str


def _read(path: Path) -> _File:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:12]
    return _File(content, _TYPES[path.suffix], f"{path.stem}.{digest}{path.suffix}")


class StaticFiles:
    """Reads the folder once; unknown names, and old hashes, are 404."""

    def __init__(self) -> None:
        files = {path.name: _read(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
        self._hashed = {name: file.hashed_name for name, file in files.items()}
        self._files = {file.hashed_name: file for file in files.values()}

    def path(self, name: str) -> str:
        """Return the path below the issuer under which a file is served."""
        return f"/static/{self._hashed[name]}"

    async def endpoint(self, request: Request) -> Response:
        """Serve a file for a year: another content has another name."""
        file = self._files.get(request.path_params["name"])
        if file is None:
            return Response(status_code=404)
        headers = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(file.content, media_type=file.media_type, headers=headers)
