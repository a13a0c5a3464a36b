"""The userinfo endpoint (OpenID Connect Core §5.3), GET and POST."""

from starlette.requests import Request
from starlette.responses import Response

from config.dpop import ALGS
from idp.endpoints.answers import json_answer
from idp.endpoints.dpop import challenge, nonce_headers
from idp.endpoints.presented_token import PresentedToken, check_sender, presented_token
from idp.endpoints.state import of
from idp.protocol.acr import is_at_least
from idp.protocol.claims import account_claims
from idp.protocol.errors import (
    InsufficientScope,
    InsufficientUserAuthentication,
    InvalidDpopProof,
    InvalidToken,
    UseDpopNonce,
)
from idp.protocol.scope import OPENID

_ASK = f'Bearer, DPoP algs="{" ".join(ALGS)}"'


async def userinfo(request: Request) -> Response:
    """Answer what the access token's scope opens; `sub` always."""
    presented = await presented_token(request)
    if presented is None:
        # RFC 6750 §3.1: without a token the answer carries no error code.
        return Response(status_code=401, headers={"www-authenticate": _ASK, "cache-control": "no-store"})
    try:
        return await _answer(request, presented)
    except (InvalidDpopProof, UseDpopNonce) as error:
        return challenge(request, error)
    except InvalidToken as error:
        if presented.scheme == "bearer":
            raise
        return challenge(request, error)


async def _answer(request: Request, presented: PresentedToken) -> Response:
    idp = of(request)
    token, account = await idp.tokens.check(presented.token, at=idp.clock())
    proof = await check_sender(request, "/userinfo", presented, token)
    if account is None or idp.issuer not in token.audience:
        raise InvalidToken("The access token is not for userinfo.")
    if OPENID not in token.scope:
        raise InsufficientScope("The access token needs the scope openid.")
    client = await idp.clients.get(token.client_id)
    if client is not None and not is_at_least(str(token.claims.get("acr", "")), client.required_acr, account):
        raise InsufficientUserAuthentication(client.required_acr)
    asked = token.claims.get("userinfo_claims")
    claims = account_claims(account, token.scope, asked if isinstance(asked, list) else ())
    return json_answer({"sub": token.sub, **claims}, headers=nonce_headers(request, proof))
