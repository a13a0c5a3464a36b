"""Dynamic client registration (RFC 7591) and its management (RFC 7592), behind an initial access token."""

import json
from collections.abc import Awaitable
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from idp.client_registration import Registered
from idp.endpoints.answers import json_answer
from idp.endpoints.state import IdpState, of
from idp.protocol import client_metadata
from idp.protocol.client import Client
from idp.protocol.errors import InvalidClientMetadata, InvalidToken, TemporarilyUnavailable
from idp.protocol.throttle import registration_bound

_AT_MOST: Final = 64 * 1024
T = TypeVar("T")


async def register(request: Request) -> Response:
    """Register a client: 201 with its secret and the token it manages itself with."""
    idp = of(request)
    token = _bearer(request)
    registered = await _counting(request, idp, idp.registration.register(token, await _json(request), at=idp.clock()))
    return json_answer(_information(idp, registered), status=201)


async def read(request: Request) -> Response:
    """GET: what is registered; secrets are kept as hashes and not shown again."""
    idp = of(request)
    token = _bearer(request)
    client = await _counting(request, idp, idp.registration.find(request.path_params["client_id"], token))
    unchanged = Registered(client=client, client_secret="", registration_access_token=token)
    return json_answer(_information(idp, unchanged))


async def update(request: Request) -> Response:
    """PUT: replace all metadata; the answer brings the next registration access token."""
    idp = of(request)
    client = await _authenticated(request, idp)
    changed = await idp.registration.update(client, await _json(request), at=idp.clock())
    return json_answer(_information(idp, changed))


async def remove(request: Request) -> Response:
    """DELETE: 204, and the client is no more."""
    idp = of(request)
    await idp.registration.remove(await _authenticated(request, idp), at=idp.clock())
    return Response(status_code=204, headers={"cache-control": "no-store"})


async def _authenticated(request: Request, idp: IdpState) -> Client:
    token = _bearer(request)
    return await _counting(request, idp, idp.registration.find(request.path_params["client_id"], token))


def _information(idp: IdpState, registered: Registered) -> dict[str, object]:
    """Return the client information response (RFC 7591 §3.2.1)."""
    client = registered.client
    secret = registered.client_secret
    return {
        "client_id": client.client_id,
        **({"client_id_issued_at": client.client_id_issued_at} if client.client_id_issued_at else {}),
        **({"client_secret": secret} if secret else {}),
        **({"client_secret_expires_at": 0} if client.client_secret_hash else {}),
        "registration_access_token": registered.registration_access_token,
        "registration_client_uri": f"{idp.issuer}/register/{client.client_id}",
        **client_metadata.shown(client),
    }


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidToken("A bearer token is needed.")
    return token.strip()


async def _counting(request: Request, idp: IdpState, attempt: Awaitable[T]) -> T:
    """Bound how often one address may come with a token that does not hold."""
    try:
        return await attempt
    except InvalidToken:
        bound = registration_bound(request.client.host if request.client else "")
        if await idp.attempts.count(bound) > bound.attempts:
            raise TemporarilyUnavailable("Too many tokens that do not hold; try again later.") from None
        raise


async def _json(request: Request) -> object:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise InvalidClientMetadata("The body must be application/json.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _AT_MOST:
            raise InvalidClientMetadata("The body is too large.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidClientMetadata("The body is not JSON.") from None
