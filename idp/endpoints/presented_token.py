"""The access token of a request to a protected resource of ours, and whether its sender may use it."""

from dataclasses import dataclass, field
from typing import Literal

from starlette.requests import Request

from config.dpop import Proof
from idp.endpoints.dpop import proof_of
from idp.endpoints.parsing import form
from idp.protocol.access_token import AccessToken
from idp.protocol.errors import InvalidDpopProof, InvalidRequest, InvalidToken

Scheme = Literal["bearer", "dpop"]


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A token as it was sent."""

    scheme: Scheme
    token: str = field(repr=False)


async def presented_token(request: Request) -> PresentedToken | None:
    """Return the token from the header, or from a form body; never from the address (RFC 6750 §2.1, §2.2).

    A DPoP-bound token comes in the header only (RFC 9449 §7.1).

    Raises:
        InvalidRequest: it stands in two places.
    """
    word, _, in_header = request.headers.get("authorization", "").partition(" ")
    scheme: Scheme = "dpop" if word.lower() == "dpop" else "bearer"
    found = in_header.strip() if word.lower() in ("bearer", "dpop") else ""
    if request.method == "POST" and request.headers.get("content-type", "").startswith("application/x-www-form-url"):
        in_body = (await form(request)).get("access_token")
        if in_body and found:
            raise InvalidRequest("The access token stands in two places.")
        found = found or in_body or ""
    return PresentedToken(scheme, found) if found else None


async def check_sender(request: Request, endpoint: str, presented: PresentedToken, token: AccessToken) -> Proof | None:
    """Check that a bound token is sent by who holds its key, and an unbound one as a bearer token (RFC 9449 §7).

    Raises:
        InvalidToken: a bound token sent as a bearer token (§7.2), or an unbound one under the DPoP scheme.
        InvalidDpopProof, UseDpopNonce: the proof is missing, does not hold, or is by another key.
    """
    if presented.scheme == "bearer":
        if token.jkt:
            raise InvalidToken("The access token is bound to a key; use the DPoP scheme.")
        return None
    if not token.jkt:
        raise InvalidToken("The access token is a bearer token.")
    proof = await proof_of(request, endpoint, access_token=presented.token)
    if proof is None:
        raise InvalidDpopProof("The DPoP proof is missing.")
    if proof.jkt != token.jkt:
        raise InvalidToken("The access token is bound to another key.")
    return proof
