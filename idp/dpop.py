"""DPoP proofs as they come in: the rules of `protocol/dpop.py`, our nonces, and each proof used once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from config.dpop import REMEMBER, Proof
from idp.protocol.dpop import verify_proof
from idp.protocol.dpop_nonce import Nonces
from idp.protocol.errors import InvalidDpopProof, UseDpopNonce
from idp.protocol.session_ports import Attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class DpopProofs:
    """Checks proofs and gives nonces."""

    nonces: Nonces
    used: Attempts

    async def check(
        self, headers: Sequence[str], *, htm: str, htu: str, at: datetime, access_token: str = ""
    ) -> Proof | None:
        """Return the proof of a request, or None when it carries none.

        Raises:
            InvalidDpopProof: it does not hold, or was used before at any process (RFC 9449 §11.1).
            UseDpopNonce: it holds, but without a nonce of ours, or with one that is too old (§8).
        """
        if not headers:
            return None
        proof = verify_proof(headers, htm=htm, htu=htu, at=at, access_token=access_token)
        if proof.nonce is None or not self.nonces.holds(proof.nonce, at=at):
            raise UseDpopNonce("Use the nonce of the DPoP-Nonce header.")
        if not await self.used.first_use("dpop", f"{proof.jkt} {proof.jti}", REMEMBER):
            raise InvalidDpopProof("The DPoP proof was used before.")
        return proof
