"""Discovery and JWKS: bytes prepared once, cacheable, readable from any site (Discovery §4, RFC 8414 §3)."""

import hashlib
import json

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.state import of
from idp.protocol.metadata import metadata


class Discovery:
    """The metadata of one issuer, as bytes."""

    def __init__(self, issuer: str, *, require_pushed_requests: bool) -> None:
        document = metadata(issuer, require_pushed_requests=require_pushed_requests)
        self._body = json.dumps(document, separators=(",", ":")).encode()

    async def endpoint(self, request: Request) -> Response:
        """Answer both well-known addresses with the same bytes."""
        return _public(request, self._body, max_age=3600)


async def jwks(request: Request) -> Response:
    """Answer all published keys; five minutes of caching is short beside a rotation's overlap."""
    ring = await of(request).keys.ring()
    return _public(request, ring.jwks, max_age=300)


def _public(request: Request, body: bytes, *, max_age: int) -> Response:
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {
        "cache-control": f"public, max-age={max_age}",
        "etag": etag,
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
    }
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
