"""The token endpoint (RFC 6749 §3.2): form in, JSON out, the client authenticated first."""

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.answers import json_answer
from idp.endpoints.client_authentication import authenticated
from idp.endpoints.parsing import form
from idp.endpoints.state import of


async def token(request: Request) -> Response:
    """Answer a grant with tokens."""
    idp = of(request)
    parameters = await form(request)
    client = await authenticated(request, parameters)
    return json_answer(await idp.rulebook.token(parameters, client, at=idp.clock()))
