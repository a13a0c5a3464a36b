"""The device authorization endpoint (RFC 8628 §3.1, §3.2), and the device grant at the token endpoint (§3.4)."""

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.answers import json_answer
from idp.endpoints.client_authentication import authenticated
from idp.endpoints.parsing import form
from idp.endpoints.state import of
from idp.protocol import scope
from idp.protocol.device_grant import INTERVAL, LIFETIME, check_client
from idp.protocol.resource_indicators import resources_of


async def device_authorization(request: Request) -> Response:
    """Give a device its two codes."""
    idp = of(request)
    parameters = await form(request)
    client = await authenticated(request, parameters)
    check_client(client)
    wanted = scope.allowed_scope(parameters.get("scope", scope.OPENID), client)
    resource = resources_of(parameters)
    idp.issuing.check_resource(resource, client)
    begun = await idp.device_grant.begin(
        client,
        wanted,
        resource=resource,
        asked_from=request.client.host if request.client else "",
        at=idp.clock(),
    )
    page = f"{idp.issuer}/device"
    return json_answer(
        {
            "device_code": begun.device_code,
            "user_code": begun.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={begun.user_code}",
            "expires_in": int(LIFETIME.total_seconds()),
            "interval": int(INTERVAL.total_seconds()),
        }
    )
