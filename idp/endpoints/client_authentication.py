"""Authenticating the client of a back-channel request."""

from starlette.requests import Request

from config.asgi.types import header
from idp.endpoints.state import of
from idp.protocol.client import Client
from idp.protocol.client_assertion import verify_assertion
from idp.protocol.client_authentication import read_credentials, verify_credentials
from idp.protocol.errors import InvalidClient
from idp.protocol.parameters import Parameters


async def authenticated(request: Request, form: Parameters) -> Client:
    """Return the client behind a request to token, revocation or introspection.

    Raises:
        InvalidClient: RFC 6749 §5.2.
    """
    idp = of(request)
    presented = read_credentials(header(request.scope, b"authorization") or "", form)
    client = verify_credentials(presented, await idp.clients.get(presented.client_id))
    if presented.client_assertion:
        keys = await idp.client_keys.for_token(client, presented.client_assertion)
        used = verify_assertion(presented.client_assertion, client, keys, issuer=idp.issuer, at=idp.clock())
        if not await idp.attempts.first_use("assertion", f"{client.client_id} {used.jti}", used.remember):
            raise InvalidClient("The client assertion was used before.")
    return client
