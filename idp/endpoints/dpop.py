"""DPoP at the endpoints: the proof of a request, and the headers that answer it (RFC 9449 §5, §7, §8)."""

from starlette.requests import Request
from starlette.responses import Response

from config.dpop import ALGS, Proof
from idp.endpoints.answers import json_answer
from idp.endpoints.state import of
from idp.protocol.errors import InvalidDpopProof, InvalidToken, OAuthError, UseDpopNonce

NONCE_HEADER = "dpop-nonce"


async def proof_of(request: Request, endpoint: str, *, access_token: str = "") -> Proof | None:
    """Return the proof that came with a request to an endpoint of ours, `/token` for one; None without any.

    Raises:
        InvalidDpopProof, UseDpopNonce: see `idp.dpop`.
    """
    headers = request.headers.getlist("dpop")
    if not headers:
        return None
    idp = of(request)
    return await idp.dpop.check(
        headers, htm=request.method, htu=idp.issuer + endpoint, at=idp.clock(), access_token=access_token
    )


def nonce_headers(request: Request, proof: Proof | None) -> dict[str, str]:
    """Return the header that tells a client which nonce to use next; none for who sent no proof (§8.2)."""
    if proof is None:
        return {}
    idp = of(request)
    return {NONCE_HEADER: idp.dpop.nonces.current(idp.clock())}


def challenge(request: Request, error: InvalidDpopProof | UseDpopNonce | InvalidToken) -> Response:
    """Answer a protected resource's refusal with 401 and the DPoP scheme (§7.1, §9)."""
    idp = of(request)
    said = "".join(f'{name}="{value}", ' for name, value in error.parameters().items())
    headers = {
        "www-authenticate": f'DPoP {said}algs="{" ".join(ALGS)}"',
        NONCE_HEADER: idp.dpop.nonces.current(idp.clock()),
    }
    document: OAuthError = error
    return json_answer(document.parameters(), status=401, headers=headers)
