"""Answers: JSON with the headers OAuth asks for, the way back to a client, and errors of both kinds."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from config.logs import get
from idp.endpoints.rendering import FormPostPage, StoppedPage
from idp.endpoints.state import of
from idp.endpoints.words import NOT_AUDITED, PAGE_REASONS
from idp.protocol.audit import AuditUnavailable
from idp.protocol.authorization_request import Target
from idp.protocol.authorization_response import location
from idp.protocol.errors import (
    InsufficientScope,
    InsufficientUserAuthentication,
    InvalidClient,
    InvalidToken,
    NotRedirectable,
    OAuthError,
    UseDpopNonce,
)
from idp.protocol.redirect_uri import origin_of

# What may stand in a Location header as it is (RFC 3986 §2); anything else is percent-encoded.
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_NOT_STORED: Final = {"cache-control": "no-store", "pragma": "no-cache"}
_JSON_NOT_STORED: Final = (
    *((name.encode(), value.encode()) for name, value in _NOT_STORED.items()),
    (b"content-type", b"application/json"),
)
_log = get("onewindow.idp")


def json_answer(
    document: Mapping[str, object], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return JSON that nobody stores (RFC 6749 §5.1)."""
    return _Json(to_json(document), status, headers or {})


class _Json(Response):
    """Starlette's answer with its headers made ready: most are the same every time."""

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        self.body = body
        self.status_code = status
        self.background = None
        more = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        self.raw_headers = [*_JSON_NOT_STORED, (b"content-length", b"%d" % len(body)), *more]


def see_other(address: str) -> Response:
    """Return 303: the browser goes on with a GET, and no credential is posted again (RFC 9700 §4.12)."""
    if not _PLAIN.fullmatch(address):
        address = quote(address, safe=":/%#?=@[]!$&'()*+,;")
    headers = {**_NOT_STORED, "referrer-policy": "no-referrer", "location": address}
    return Response(status_code=303, headers=headers)


def to_client(request: Request, target: Target, parameters: Mapping[str, str]) -> Response:
    """Carry an authorization response to the client, by redirect or by form."""
    if target.response_mode == "query":
        return see_other(location(target.redirect_uri, parameters))
    page = FormPostPage(action=target.redirect_uri, fields=tuple(parameters.items()))
    return of(request).pages.render(request, page, form_action=origin_of(target.redirect_uri))


async def oauth_error(request: Request, error: Exception) -> Response:
    """Answer an OAuthError that no redirect carries (RFC 6749 §5.2, RFC 6750 §3)."""
    if not isinstance(error, OAuthError):
        raise error
    _log.info("request_refused", error=error.code, detail=error.detail or error.public, path=request.url.path)
    headers = {}
    if isinstance(error, InvalidClient):
        headers["www-authenticate"] = 'Basic realm="onewindow"'
    if isinstance(error, UseDpopNonce):
        idp = of(request)
        headers["dpop-nonce"] = idp.dpop.nonces.current(idp.clock())
    if isinstance(error, InvalidToken | InsufficientScope):
        said = ", ".join(f'{name}="{value}"' for name, value in error.parameters().items())
        headers["www-authenticate"] = f"Bearer {said}"
    if isinstance(error, InsufficientUserAuthentication):
        said = ", ".join(f'{name}="{value}"' for name, value in error.challenge().items())
        headers["www-authenticate"] = f"Bearer {said}"
    return json_answer(error.parameters(), status=error.status, headers=headers)


async def stopped(request: Request, error: Exception) -> Response:
    """Answer on a page what must not be redirected."""
    if not isinstance(error, NotRedirectable):
        raise error
    idp = of(request)
    _log.info("request_stopped", reason=error.reason, detail=error.detail)
    title, message = (idp.pages.say(request, sentence) for sentence in PAGE_REASONS[error.reason])
    return idp.pages.render(request, StoppedPage(title=title, message=message, home=idp.base_url + "/"), status=400)


async def not_audited(request: Request, error: Exception) -> Response:
    """Say that nothing was done, because it could not be put on record."""
    if not isinstance(error, AuditUnavailable):
        raise error
    idp = of(request)
    title, message = (idp.pages.say(request, sentence) for sentence in NOT_AUDITED)
    answer = idp.pages.render(request, StoppedPage(title=title, message=message, home=idp.base_url + "/"), status=503)
    answer.headers["retry-after"] = "30"
    return answer
