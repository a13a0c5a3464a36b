"""Who sends a bound token proves to hold its key (RFC 9449 §7): each proof once, at whichever process it comes in."""

import hashlib

from starlette.requests import Request

from config.clock import Clock
from config.dpop import REMEMBER, ProofRefused, verify_proof
from config.state import StateStore


class Senders:
    """Checks DPoP proofs of API calls.

    No nonce is asked for here: a proof is good for a minute, for one token, method and address, and once.
    """

    def __init__(self, *, base_url: str, state: StateStore, clock: Clock) -> None:
        self._base_url = base_url
        self._state = state
        self._clock = clock

    async def check(self, request: Request, token: str, jkt: str) -> None:
        """Check the proof that came with a token bound to the key of this thumbprint.

        Raises:
            ProofRefused: none, one that does not hold, one by another key, or one that was used before.
        """
        proof = verify_proof(
            request.headers.getlist("dpop"),
            htm=request.method,
            htu=self._base_url + request.url.path,
            at=self._clock(),
            access_token=token,
        )
        if proof.jkt != jkt:
            raise ProofRefused("The token is bound to another key.")
        used = hashlib.sha256(f"{proof.jkt} {proof.jti}".encode()).hexdigest()
        if not await self._state.add(f"replay:api-dpop:{used}", b"1", REMEMBER):
            raise ProofRefused("The DPoP proof was used before.")
