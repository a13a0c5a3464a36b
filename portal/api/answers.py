"""Answers of the API: JSON in UTF-8, and problem details in the caller's language."""

import json
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from config.language import Catalogue, negotiate
from config.logs import request_id
from portal.api.refusals import Refused
from portal.api.state import ApiState, api_of

JSON = "application/json"


def encode(document: object) -> bytes:
    """Return `document` as compact JSON; NaN never leaves."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def answer(document: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON answer; the shell adds `Cache-Control: no-store` unless `headers` say otherwise."""
    return Response(encode(document), status_code=status, media_type=JSON, headers=headers)


def problem(request: Request, refused: Refused) -> Response:
    """Return the refusal as problem details (RFC 9457)."""
    state = api_of(request)
    details = refused.problem(catalogue_of(request))
    document = details.document(base_url=state.base_url, request_id=request_id.get() or "-")
    return Response(
        encode(document),
        status_code=details.status,
        media_type=details.media_type,
        headers={**details.headers, "content-language": catalogue_of(request).language, "vary": "accept-language"},
    )


def catalogue_of(request: Request) -> Catalogue:
    """Return the catalogue of the caller's language (Accept-Language); Chinese unless asked otherwise."""
    state: ApiState = api_of(request)
    return state.catalogues[negotiate(request.headers.get("accept-language"))]
