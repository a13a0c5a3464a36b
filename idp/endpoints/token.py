"""The token endpoint (RFC 6749 §3.2): form in, JSON out, the client authenticated first."""

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.answers import json_answer
from idp.endpoints.client_authentication import authenticated
from idp.endpoints.dpop import nonce_headers, proof_of
from idp.endpoints.parsing import form
from idp.endpoints.state import of
from idp.protocol.device_grant import GRANT_TYPE as DEVICE_GRANT
from idp.protocol.errors import InvalidDpopProof, InvalidRequest


async def token(request: Request) -> Response:
    """Answer a grant with tokens, bound to a key where a DPoP proof came along."""
    idp = of(request)
    parameters = await form(request)
    client = await authenticated(request, parameters)
    proof = await proof_of(request, "/token")
    if proof is None and client.requires_dpop:
        raise InvalidDpopProof("This client's requests need a DPoP proof.")  # RFC 9449 §5.2
    jkt = proof.jkt if proof else ""
    if parameters.get("grant_type") == DEVICE_GRANT:
        if "device_code" not in parameters:
            raise InvalidRequest("device_code is required.")
        answer = await idp.device_grant.redeem(parameters["device_code"], client, jkt=jkt, at=idp.clock())
    else:
        answer = await idp.rulebook.token(parameters, client, at=idp.clock(), jkt=jkt)
    return json_answer(answer, headers=nonce_headers(request, proof))
