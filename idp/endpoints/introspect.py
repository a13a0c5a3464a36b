"""Token introspection (RFC 7662), for authenticated callers and what is theirs."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.answers import json_answer
from idp.endpoints.client_authentication import authenticated
from idp.endpoints.parsing import form
from idp.endpoints.state import IdpState, of
from idp.protocol import introspection
from idp.protocol.client import Client
from idp.protocol.errors import InvalidClient, InvalidRequest, InvalidToken
from idp.protocol.refresh_token import Use, hash_token, judge


async def introspect(request: Request) -> Response:
    """Tell whether a token is active; everything else about a dead or foreign one stays untold (§2.2)."""
    idp = of(request)
    parameters = await form(request)
    client = await authenticated(request, parameters)
    if client.public:
        raise InvalidClient("Introspection needs a client that can authenticate.")  # RFC 7662 §2.1
    if "token" not in parameters:
        raise InvalidRequest("token is required.")
    return json_answer(await _describe(idp, parameters["token"], client))


async def _describe(idp: IdpState, token: str, caller: Client) -> Mapping[str, object]:
    at = idp.clock()
    try:
        read, _ = await idp.tokens.check(token, at=at)
    except InvalidToken:
        if "." in token:
            return introspection.INACTIVE  # refresh tokens have no dot
    else:
        if introspection.may_introspect(caller, read):
            return introspection.describe_access_token(read)
        return introspection.INACTIVE
    kept = await idp.refresh_tokens.find(hash_token(token))
    if kept is None or judge(kept, caller, at=at) not in (Use.KEEP, Use.ROTATE):
        return introspection.INACTIVE
    account = await idp.accounts.get(kept.grant.sub)
    if account is None or not account.honours(kept.grant.auth_time):
        return introspection.INACTIVE
    subject = idp.issuing.subject_for(caller, kept.grant.sub)
    return introspection.describe_refresh_token(kept, issuer=idp.issuer, subject=subject)
