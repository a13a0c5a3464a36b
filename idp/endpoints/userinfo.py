"""The userinfo endpoint (OpenID Connect Core §5.3), GET and POST."""

from starlette.requests import Request
from starlette.responses import Response

from idp.endpoints.answers import json_answer
from idp.endpoints.parsing import form
from idp.endpoints.state import of
from idp.protocol.claims import account_claims
from idp.protocol.errors import InsufficientScope, InvalidRequest, InvalidToken
from idp.protocol.scope import OPENID


async def userinfo(request: Request) -> Response:
    """Answer what the access token's scope opens; `sub` always."""
    idp = of(request)
    presented = await _bearer(request)
    if presented is None:
        # RFC 6750 §3.1: without a token the answer carries no error code.
        return Response(status_code=401, headers={"www-authenticate": "Bearer", "cache-control": "no-store"})
    token, account = await idp.tokens.check(presented, at=idp.clock())
    if account is None or idp.issuer not in token.audience:
        raise InvalidToken("The access token is not for userinfo.")
    if OPENID not in token.scope:
        raise InsufficientScope("The access token needs the scope openid.")
    asked = token.claims.get("userinfo_claims")
    claims = account_claims(account, token.scope, asked if isinstance(asked, list) else ())
    return json_answer({"sub": account.sub, **claims})


async def _bearer(request: Request) -> str | None:
    """Return the token from the header, or from a form body (RFC 6750 §2.1, §2.2); never from the address."""
    scheme, _, in_header = request.headers.get("authorization", "").partition(" ")
    found = in_header.strip() if scheme.lower() == "bearer" else ""
    if request.method == "POST" and request.headers.get("content-type", "").startswith("application/x-www-form-url"):
        in_body = (await form(request)).get("access_token")
        if in_body and found:
            raise InvalidRequest("The access token stands in two places.")
        found = found or in_body or ""
    return found or None
