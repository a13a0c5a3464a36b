"""The pushed authorization request endpoint (RFC 9126): checked like an authorization request, kept, answered 201."""

from secrets import token_urlsafe

from starlette.requests import Request
from starlette.responses import Response

from config.dpop import Proof
from idp.endpoints.answers import json_answer
from idp.endpoints.client_authentication import authenticated
from idp.endpoints.dpop import nonce_headers, proof_of
from idp.endpoints.parsing import form
from idp.endpoints.pending import INTERACTION_LIFETIME
from idp.endpoints.requested import inside
from idp.endpoints.state import IdpState, of
from idp.protocol.authorization_request import prove, read
from idp.protocol.client import Client
from idp.protocol.errors import InvalidRequest, NotRedirectable
from idp.protocol.parameters import Parameters
from idp.protocol.pushed_request import (
    LIFETIME,
    PushedRequest,
    hash_request_uri,
    new_request_uri,
    own_parameters,
)


async def par(request: Request) -> Response:
    """Keep a request of an authenticated client and return the request_uri that stands for it (§2)."""
    idp = of(request)
    fields = await form(request)
    client = await authenticated(request, fields)
    parameters = own_parameters(fields, client)
    if "request" in parameters:
        parameters = await inside(idp, parameters, client)  # §3: only what stands inside counts
    proof = await proof_of(request, "/par")
    if proof is not None:
        parameters = _bound(parameters, proof)
    _check(idp, parameters, client)
    at = idp.clock()
    request_uri = new_request_uri(token_urlsafe)
    pushed = PushedRequest(client_id=client.client_id, parameters=parameters, expires_at=at + LIFETIME)
    # Kept beyond its own time: whoever began with it in time may still be signing in, and uses it up at the end.
    await idp.pushed.keep(hash_request_uri(request_uri), pushed, LIFETIME + INTERACTION_LIFETIME)
    answer = {"request_uri": request_uri, "expires_in": int(LIFETIME.total_seconds())}
    return json_answer(answer, status=201, headers=nonce_headers(request, proof))


def _bound(parameters: dict[str, str], proof: Proof) -> dict[str, str]:
    """Bind the code to the key of a DPoP proof, as dpop_jkt would (RFC 9449 §10.1)."""
    if parameters.get("dpop_jkt", proof.jkt) != proof.jkt:
        raise InvalidRequest("dpop_jkt is not the key of the DPoP proof.")
    return parameters | {"dpop_jkt": proof.jkt}


def _check(idp: IdpState, parameters: Parameters, client: Client) -> None:
    """Check the request as the authorization endpoint would (RFC 9126 §2.1), so that errors are told at once."""
    try:
        target = prove(parameters, client)
    except NotRedirectable as stopped:
        raise InvalidRequest("redirect_uri is missing or not registered.", detail=stopped.detail) from stopped
    idp.issuing.check_resource(read(parameters, target).resource, client)
