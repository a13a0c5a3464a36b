"""Discovery and JWKS: bytes and tags prepared once, cacheable, readable from any site (Discovery §4, RFC 8414 §3)."""

from starlette.requests import Request
from starlette.responses import Response

from config.asgi.types import header
from idp.endpoints.state import of
from idp.protocol.metadata import metadata
from idp.protocol.published import Published, publish


class Discovery:
    """The metadata of one issuer."""

    def __init__(self, issuer: str, *, require_pushed_requests: bool) -> None:
        self._document = publish(metadata(issuer, require_pushed_requests=require_pushed_requests))

    async def endpoint(self, request: Request) -> Response:
        """Answer both well-known addresses with the same bytes."""
        return _public(request, self._document, max_age=3600)


async def jwks(request: Request) -> Response:
    """Answer all published keys; five minutes of caching is short beside a rotation's overlap."""
    ring = await of(request).keys.ring()
    return _public(request, ring.jwks, max_age=300)


def _public(request: Request, document: Published, *, max_age: int) -> Response:
    headers = {
        "cache-control": f"public, max-age={max_age}",
        "etag": document.etag,
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
    }
    if _has(header(request.scope, b"if-none-match"), document.etag):
        return Response(status_code=304, headers=headers)
    return Response(document.body, headers=headers, media_type="application/json")


def _has(if_none_match: str | None, etag: str) -> bool:
    """Tell whether the caller has this very document, compared weakly, as caches write it (RFC 9110 §13.1.2)."""
    if if_none_match is None:
        return False
    return etag in (tag.strip().removeprefix("W/") for tag in if_none_match.split(",")) or if_none_match.strip() == "*"
