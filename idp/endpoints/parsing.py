"""Reading request bodies: url-encoded forms, small, each field once."""

from starlette.requests import Request

from config.asgi.types import header
from idp.protocol.errors import InvalidRequest, NotRedirectable, PageReason
from idp.protocol.parameters import Parameters, parse

_FORM = "application/x-www-form-urlencoded"
_AT_MOST = 64 * 1024


async def form(request: Request) -> Parameters:
    """Return the fields of a form body; parameters in the address are refused beside it (RFC 6749 §3.2).

    Raises:
        InvalidRequest: another content type, parameters in the query, too large, repeated or malformed fields.
    """
    if request.scope.get("query_string"):
        raise InvalidRequest("Parameters belong into the body.")
    if (header(request.scope, b"content-type") or "").partition(";")[0].strip().lower() != _FORM:
        raise InvalidRequest(f"The body must be {_FORM}.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _AT_MOST:
            raise InvalidRequest("The request is too large.")
    return parse(body)


async def page_form(request: Request) -> Parameters:
    """Return the fields of a form of our own pages, or of another site's that ends on one.

    Raises:
        NotRedirectable: as `form`, but answered on a page.
    """
    try:
        return await form(request)
    except InvalidRequest as error:
        raise NotRedirectable(PageReason.MALFORMED, detail=error.public) from error


def page_query(request: Request) -> Parameters:
    """Return the parameters in the address; errors are answered on a page."""
    try:
        return parse(request.scope.get("query_string", b""))
    except InvalidRequest as error:
        raise NotRedirectable(PageReason.MALFORMED, detail=error.public) from error
