"""Token revocation (RFC 7009), bound to the caller."""

from starlette.requests import Request
from starlette.responses import Response

from config.logs import get
from idp.endpoints.answers import json_answer
from idp.endpoints.client_authentication import authenticated
from idp.endpoints.parsing import form
from idp.endpoints.state import IdpState, of
from idp.protocol import access_token
from idp.protocol.errors import InvalidGrant, InvalidRequest
from idp.protocol.refresh_token import hash_token
from idp.protocol.signing import SignatureRefused

_log = get("onewindow.idp")


async def revoke(request: Request) -> Response:
    """Revoke the grant a token belongs to; an unknown token is no error (§2.2).

    token_type_hint is not needed to find the token, so a wrong one does no harm (§2.1).
    """
    idp = of(request)
    parameters = await form(request)
    client = await authenticated(request, parameters)
    if "token" not in parameters:
        raise InvalidRequest("token is required.")
    found = await _owner_and_grant(idp, parameters["token"])
    if found is not None:
        owner, gid = found
        if owner != client.client_id:
            raise InvalidGrant("The token was issued to another client.")
        await idp.issuing.revoke(gid, at=idp.clock())
        _log.info("grant_revoked", client_id=client.client_id)
    return json_answer({})


async def _owner_and_grant(idp: IdpState, token: str) -> tuple[str, str] | None:
    try:
        read = access_token.verify(token, await idp.keys.ring(), issuer=idp.issuer, at=idp.clock())
    except SignatureRefused:
        kept = await idp.refresh_tokens.find(hash_token(token))
        return (kept.grant.client_id, kept.grant.gid) if kept else None
    return read.client_id, read.gid
